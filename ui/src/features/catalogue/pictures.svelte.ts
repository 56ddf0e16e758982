/** Product pictures, asked for once and kept while the window is open. */
import { SvelteMap } from 'svelte/reactivity';
import type { Host } from '$lib/host/host';

/** A shop's grid shows a hundred or so; beyond this the oldest are asked for again. */
const MAX_KEPT = 600;

export class Pictures {
  readonly #kept = new SvelteMap<string, string>();
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing on the screen depends on what was asked
  readonly #asked = new Set<string>();

  constructor(readonly host: Host) {}

  /** The address of a picture, once it is there. */
  find(name: string): string | null {
    return this.#kept.get(name) ?? null;
  }

  /** Asks for a picture. A product without its picture is still sold, so a failure is silent. */
  async want(name: string): Promise<void> {
    if (this.#asked.has(name)) return;
    this.#asked.add(name);
    try {
      const address = await this.host.call('product.picture', { name });
      this.#makeRoom();
      this.#kept.set(name, address);
    } catch {
      // The product's letters are shown instead.
    }
  }

  #makeRoom(): void {
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size < MAX_KEPT || oldest === undefined) return;
    this.#kept.delete(oldest);
    this.#asked.delete(oldest);
  }
}
