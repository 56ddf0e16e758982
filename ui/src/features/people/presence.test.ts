import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchPresence } from './presence';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('locks only when nobody touched anything for so long', () => {
  const [touched, left] = [vi.fn(), vi.fn()];
  const stop = watchPresence(window, { lockAfterMinutes: 10, touched, left });
  vi.advanceTimersByTime(9 * 60_000);
  window.dispatchEvent(new KeyboardEvent('keydown', { key: 'a' }));
  vi.advanceTimersByTime(9 * 60_000);
  expect(left, 'a key is a touch').not.toHaveBeenCalled();
  expect(touched).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(60_000);
  expect(left).toHaveBeenCalledTimes(1);
  stop();
  expect(vi.getTimerCount()).toBe(0);
});
