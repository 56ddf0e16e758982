import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DisplayScene } from '$lib/host/bindings/DisplayScene';
import type { DisplayView } from '$lib/host/bindings/DisplayView';
import type { Topic } from '$lib/host/bindings/Topic';
import type { DisplayHost } from '$lib/host/display';
import { CustomerScreen } from './display.svelte';

/** A program whose counter the test moves on. */
class Counter implements DisplayHost {
  scene: DisplayScene = { kind: 'idle' };
  asked = 0;
  fails = false;
  #listener: (topics: readonly Topic[]) => void = () => undefined;

  show(): Promise<DisplayView> {
    this.asked += 1;
    if (this.fails) return Promise.reject(new Error('closed'));
    return Promise.resolve({ outlet: 'Kaloum', logo: null, language: 'fr', theme: 'light', currency: { code: 'GNF', exponent: 0 }, scene: this.scene });
  }

  onChanged(listener: (topics: readonly Topic[]) => void): () => void {
    this.#listener = listener;
    return () => (this.#listener = () => undefined);
  }

  async change(scene: DisplayScene, topic: Topic = 'cart'): Promise<void> {
    this.scene = scene;
    this.#listener([topic]);
    await vi.advanceTimersByTimeAsync(0);
  }
}

describe('the customer’s screen', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('follows the counter and goes back to the shop’s name by itself', async () => {
    const counter = new Counter();
    const screen = new CustomerScreen(counter);
    const stop = screen.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(screen.view?.scene.kind).toBe('idle');
    await counter.change({ kind: 'selling', lines: [], discount: 0, total: 4500 });
    expect(screen.view?.scene.kind).toBe('selling');
    await counter.change({ kind: 'paid', payable: 4500, change: 500, until_ms: 0, shown_for_ms: 20_000 }, 'sales');
    expect(screen.view?.scene.kind).toBe('paid');
    counter.scene = { kind: 'idle' };
    await vi.advanceTimersByTimeAsync(20_000);
    expect(screen.view?.scene.kind).toBe('idle');
    stop();
  });

  it('asks only for what it shows, and nothing after it was closed', async () => {
    const counter = new Counter();
    const stop = new CustomerScreen(counter).start();
    await vi.advanceTimersByTimeAsync(0);
    await counter.change({ kind: 'idle' }, 'sync');
    expect(counter.asked).toBe(1);
    stop();
    await counter.change({ kind: 'idle' });
    expect(counter.asked).toBe(1);
  });

  it('shows nothing of a till in trouble', async () => {
    const counter = new Counter();
    const screen = new CustomerScreen(counter);
    const stop = screen.start();
    counter.fails = true;
    await counter.change({ kind: 'idle' });
    expect(screen.view).toBeNull();
    stop();
  });
});
