import { beforeEach, expect, it } from 'vitest';
import { HostError } from '$lib/host/host';
import { Notices } from '$features/notices/notices.svelte';
import { Session } from '$features/shell/session.svelte';
import { FakeHost } from '../../../tests/fakeHost';
import { conflict } from '../../../tests/samples';
import { Conflicts, mergedFields } from './conflicts.svelte';
import { valueWords } from './conflictWords';

let host: FakeHost;
let notices: Notices;
let conflicts: Conflicts;

beforeEach(async () => {
  host = new FakeHost().on('conflict.list', () => [conflict('k1'), conflict('k2')]);
  notices = new Notices();
  conflicts = new Conflicts(new Session(host, notices));
  await conflicts.load();
});

it('decides nothing before a choice was made', async () => {
  await conflicts.apply();
  expect(host.requests('conflict.resolve')).toEqual([]);
});

it('sends the value of each disputed field from the side that was taken', async () => {
  host.on('conflict.resolve', () => conflict('k1', { status: 'resolved' }));
  conflicts.choose('merge');
  conflicts.takeSide('name', 'current');
  conflicts.note = ' agreed ';
  await conflicts.apply();
  expect(host.requests('conflict.resolve')).toEqual([
    { conflict_id: 'k1', choice: 'merge', fields: { price: 110, name: 'Sunflower oil' }, note: 'agreed' },
  ]);
});

it('sends no fields with a choice that is no merge', async () => {
  host.on('conflict.resolve', () => conflict('k1', { status: 'resolved' }));
  conflicts.choose('keep_mine');
  await conflicts.apply();
  expect(host.requests('conflict.resolve')[0]).toMatchObject({ choice: 'keep_mine', fields: {}, note: null });
});

it('keeps the decided conflict in sight, with its story, although it left the list', async () => {
  host.on('conflict.resolve', () => conflict('k1', { status: 'resolved' }));
  host.on('conflict.list', () => [conflict('k2')]).on('conflict.get', () => conflict('k1', { status: 'resolved' }));
  conflicts.choose('keep_mine');
  await conflicts.apply();
  expect(conflicts.open?.conflict.status).toBe('resolved');
  expect(conflicts.choice, 'the next decision begins empty').toBeNull();
});

it('keeps the prepared choice when the decision was refused', async () => {
  host.on('conflict.resolve', () => Promise.reject(new HostError('permission.denied')));
  conflicts.choose('keep_mine');
  await conflicts.apply();
  expect(conflicts.choice).toBe('keep_mine');
  expect(notices.shown[0]?.tone).toBe('danger');
});

it('forgets a prepared choice when another conflict is looked at', () => {
  conflicts.choose('merge');
  conflicts.look('k2');
  expect(conflicts.choice).toBeNull();
});

it('takes every field from somewhere', () => {
  const { fields } = conflict('k').conflict;
  expect(mergedFields(fields, () => 'current')).toEqual({ price: 120, name: 'Sunflower oil' });
});

it('writes values as people read them', () => {
  const reading = { language: 'fr', currency: { code: 'GNF', exponent: 0 } } as const;
  expect(valueWords('price', 25000, reading)).toBe('25\u202f000\u00a0GNF');
  expect(valueWords('tax_rate', 180000, reading)).toBe('18\u00a0%');
  expect(valueWords('barcodes', ['1', '2'], reading)).toBe('1, 2');
  expect(valueWords('archived', true, reading)).toBe('Oui');
  expect(valueWords('cost', null, reading)).toBe('Aucun');
});
