import { beforeEach, expect, it } from 'vitest';
import type { AppState } from '$lib/host/bindings/AppState';
import { HostError } from '$lib/host/host';
import { Notices } from '$features/notices/notices.svelte';
import { FakeHost } from '../../../tests/fakeHost';
import { Session } from './session.svelte';

const STATE: AppState = {
  phase: 'ready',
  version: '0',
  device: { language: 'fr', theme: 'light', paper: 'mm80' as const, printer: { kind: 'none' }, print_automatically: false, code_pages: 'epson' as const, drawer: true, label_printer: { kind: 'none' } },
  shop: null,
  cashiers: [],
  cashier: null,
  session: { locked: false, with_pin: [], free: [], may: [], auto_lock_minutes: 10 },
  unsealed: false,
};

let host: FakeHost;
let notices: Notices;
let session: Session;

beforeEach(() => {
  host = new FakeHost().on('session.login', () => STATE);
  notices = new Notices();
  session = new Session(host, notices);
});

it('leads from "you may not" to the people, and says no more of it once somebody has taken over', async () => {
  session.tell('product', new HostError('permission.denied', { permission: 'edit_catalogue' }));
  const [refusal] = notices.shown;
  expect(refusal?.tone).toBe('danger');
  expect(session.choosingPerson, 'nothing opens by itself').toBe(false);
  refusal?.action?.run();
  expect(session.choosingPerson).toBe(true);
  expect(await session.logIn('owner', null)).toBeNull();
  expect(notices.shown, 'the refusal was about the person before').toEqual([]);
});

it('offers nothing of the kind for other refusals', () => {
  session.tell('product', new HostError('product.not_found', { code: 'X' }));
  expect(notices.shown[0]?.action).toBeUndefined();
});

it('tells nothing of what fails because the file is closed on purpose, and everything afterwards', async () => {
  await session.rest(() => {
    session.tell('cart', new HostError('storage.failed'));
    return Promise.resolve();
  });
  expect(notices.shown).toEqual([]);
  session.tell('cart', new HostError('storage.failed'));
  expect(notices.shown.length).toBe(1);
});
