import { beforeEach, afterEach, expect, it, vi } from 'vitest';
import { HostError } from '$lib/host/host';
import { Notices } from '$features/notices/notices.svelte';
import { FakeHost } from '../../../tests/fakeHost';
import { status } from '../../../tests/samples';
import { shortState, stateSentence } from './stateWords';
import { REFRESH_MS, SyncWatch } from './watch.svelte';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('announces a conflict that appears, leads to it, and is quiet about those known at the start', () => {
  const notices = new Notices();
  const opened = vi.fn();
  const watch = new SyncWatch(new FakeHost(), notices, opened);
  watch.take(status({ conflicts_open: 2 }));
  expect(notices.shown, 'the badge shows what was there before').toEqual([]);
  watch.take(status({ conflicts_open: 3 }));
  expect(notices.shown[0]?.title).toBe('1 nouveau conflit à régler');
  notices.shown[0]?.action?.run();
  expect(opened).toHaveBeenCalledOnce();
  expect(notices.shown).toEqual([]);
});

it('takes the announcement away when nothing is open any more', () => {
  const notices = new Notices();
  const watch = new SyncWatch(new FakeHost(), notices, () => undefined);
  watch.take(status());
  watch.take(status({ conflicts_open: 1 }));
  watch.take(status());
  expect(notices.shown).toEqual([]);
});

it('looks by itself, so that a lost event never freezes the indicator', async () => {
  const host = new FakeHost().on('sync.status', () => status({ state: 'offline' }));
  const watch = new SyncWatch(host, new Notices(), () => undefined);
  const stop = watch.start();
  await vi.advanceTimersByTimeAsync(REFRESH_MS * 2);
  expect(host.requests('sync.status').length).toBe(3);
  expect(watch.state).toBe('offline');
  stop();
  await vi.advanceTimersByTimeAsync(REFRESH_MS * 2);
  expect(host.requests('sync.status').length, 'nothing runs after the window was left').toBe(3);
});

it('keeps the last state when the program does not answer', async () => {
  const host = new FakeHost().on('sync.status', () => Promise.reject(new HostError('host.timeout')));
  const watch = new SyncWatch(host, new Notices(), () => undefined);
  watch.take(status({ state: 'pending', pending: 2 }));
  await watch.refresh();
  expect(watch.state).toBe('pending');
});

it('says in words whether one can sell, in every state', () => {
  expect(stateSentence(status({ state: 'offline', online: false, pending: 3 }))).toContain('Vous pouvez vendre');
  expect(stateSentence(status({ state: 'offline', joined: false }))).toContain('sans serveur');
  expect(stateSentence(status({ paused: true }))).toContain('Vous pouvez vendre');
  expect(shortState(status({ state: 'pending', pending: 4 }))).toBe('4 en attente');
  expect(shortState(null)).not.toBe('');
});
