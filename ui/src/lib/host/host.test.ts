import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { timeoutOf, USUAL_TIMEOUT_MS } from './commands';
import { HostError, toHostError, withTimeout } from './host';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('gives up after the time limit, so that nothing on the screen waits for ever', async () => {
  const answer = withTimeout('cart.get', new Promise<never>(() => undefined));
  const failure = expect(answer).rejects.toMatchObject({ code: 'host.timeout', retryable: true });
  await vi.advanceTimersByTimeAsync(USUAL_TIMEOUT_MS);
  await failure;
});

it('waits longer for a sale than the longest checkout deadline', () => {
  const LONGEST_DEADLINE_MS = 30_000;
  expect(timeoutOf('sale.complete')).toBeGreaterThan(LONGEST_DEADLINE_MS);
});

it('leaves no timer behind an answer', async () => {
  expect(await withTimeout('cart.get', Promise.resolve(7))).toBe(7);
  expect(vi.getTimerCount()).toBe(0);
});

it('reads an error of the program field by field', () => {
  const error = toHostError({ code: 'sale.underpaid', params: { missing: 5 }, retryable: true, trace_id: 'abc' });
  expect(error).toMatchObject({ code: 'sale.underpaid', params: { missing: 5 }, retryable: true, traceId: 'abc' });
});

it('never lets an unreadable rejection through as it is', () => {
  for (const thrown of [undefined, 'boom', 7, {}, { code: 3 }, new Error('x')]) {
    expect(toHostError(thrown)).toBeInstanceOf(HostError);
    expect(toHostError(thrown).code).toBe('host.unreadable');
  }
  expect(toHostError({ code: 'cart.empty', params: 'no object' }).params).toEqual({});
});
