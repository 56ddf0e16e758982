/** Product pictures, asked for once and kept while the window is open. */
import { SvelteMap } from 'svelte/reactivity';
import type { PictureFile } from '$lib/host/bindings/PictureFile';
import type { Host } from '$lib/host/host';

/** A shop's grid shows a hundred or so; beyond this the oldest are asked for again. */
const MAX_KEPT = 600;

export class Pictures {
  readonly #kept = new SvelteMap<string, string>();
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing on the screen depends on what was asked
  readonly #asked = new Set<string>();
  /** Named by a product, and not on this register yet. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing on the screen depends on what is missing
  readonly #missing = new Set<string>();

  constructor(readonly host: Host) {
    host.onChanged((topics) => {
      if (topics.includes('pictures')) void this.#askAgain();
    });
  }

  /** The address of a picture, once it is there. */
  find(name: string): string | null {
    return this.#kept.get(name) ?? null;
  }

  /** Asks for a picture. A product without its picture is still sold, so a failure is silent. */
  async want(name: string): Promise<void> {
    if (this.#asked.has(name)) return;
    this.#asked.add(name);
    try {
      const file = await this.host.call('product.picture', { name });
      if (file === null) this.#missing.add(name);
      else this.keep(name, file);
    } catch {
      // The product's letters are shown instead.
    }
  }

  /** Keeps a picture that somebody already holds. */
  keep(name: string, file: PictureFile): void {
    if (this.#kept.has(name)) return;
    this.#makeRoom();
    this.#asked.add(name);
    const bytes = Uint8Array.from(atob(file.data), (character) => character.charCodeAt(0));
    // An image element never runs what a drawing may contain, and the page is never made of it.
    this.#kept.set(name, URL.createObjectURL(new Blob([bytes], { type: file.media_type })));
  }

  async #askAgain(): Promise<void> {
    const missing = [...this.#missing];
    this.#missing.clear();
    for (const name of missing) this.#asked.delete(name);
    await Promise.all(missing.map((name) => this.want(name)));
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
