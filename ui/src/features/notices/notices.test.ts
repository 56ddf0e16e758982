import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { GOOD_NEWS_MS, MAX_SHOWN, Notices } from './notices.svelte';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('keeps a refusal until somebody answers it and lets good news go', () => {
  const notices = new Notices();
  notices.say({ tone: 'danger', title: 'Refused', topic: 'sale' });
  notices.say({ tone: 'ok', title: 'Saved', topic: 'product' });
  vi.advanceTimersByTime(GOOD_NEWS_MS);
  expect(notices.shown.map((n) => n.title)).toEqual(['Refused']);
});

it('shows only the latest notice of a topic: two about one thing cannot both be true', () => {
  const notices = new Notices();
  notices.say({ tone: 'danger', title: 'Unknown code 1', topic: 'scan' });
  notices.say({ tone: 'danger', title: 'Unknown code 2', topic: 'scan' });
  expect(notices.shown.map((n) => n.title)).toEqual(['Unknown code 2']);
  notices.clear('scan');
  expect(notices.shown).toEqual([]);
});

it('never covers the screen with notices', () => {
  const notices = new Notices();
  for (let i = 0; i < MAX_SHOWN * 2; i += 1) notices.say({ tone: 'warn', title: String(i), topic: String(i) });
  expect(notices.shown.length).toBe(MAX_SHOWN);
  expect(notices.shown.at(-1)?.title, 'the newest is kept').toBe(String(MAX_SHOWN * 2 - 1));
});
