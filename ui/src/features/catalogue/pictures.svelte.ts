/** Product pictures (SVG drawings), asked for once and kept while the window is open. */
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
      const drawing = await this.host.call('product.picture', { name });
      this.#makeRoom();
      // An image element never runs what a drawing may contain, and the page is never made of it.
      this.#kept.set(name, URL.createObjectURL(new Blob([drawing], { type: 'image/svg+xml' })));
    } catch {
      // The product's letters are shown instead.
    }
  }

  #makeRoom(): void {
    const oldest = this.#kept.entries().next().value;
    if (this.#kept.size < MAX_KEPT || oldest === undefined) return;
    const [name, address] = oldest;
    URL.revokeObjectURL(address);
    this.#kept.delete(name);
    this.#asked.delete(name);
  }
}
