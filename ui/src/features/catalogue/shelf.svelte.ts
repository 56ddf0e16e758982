/**
 * The product grid of the sell screen: favourites, one category, or what a search finds.
 * Only the answer to the latest question is shown, in whatever order answers come.
 */
import type { Category } from '$lib/host/bindings/Category';
import type { ProductView } from '$lib/host/bindings/ProductView';
import { SEARCH_PAUSE_MS } from '$lib/paging/pagedList.svelte';
import type { Session } from '$features/shell/session.svelte';

/** More tiles than anybody scrolls; a search finds the rest. */
export const TILES = 120;

/** What the grid shows while nothing is searched. */
export type Group = 'favourites' | 'all' | (string & {});

export class Shelf {
  #categories = $state.raw<readonly Category[]>([]);
  #items = $state.raw<readonly ProductView[]>([]);
  #total = $state<number | null>(null);
  #group = $state<Group>('favourites');
  #search = $state('');
  #loaded = $state(false);
  #question = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly session: Session) {}

  get categories(): readonly Category[] {
    return this.#categories;
  }

  get items(): readonly ProductView[] {
    return this.#items;
  }

  /** Products in all that fit, when the program counted them. */
  get total(): number | null {
    return this.#total;
  }

  get group(): Group {
    return this.#group;
  }

  get search(): string {
    return this.#search;
  }

  /** The first answer has come. */
  get loaded(): boolean {
    return this.#loaded;
  }

  colourOf(categoryId: string | null): string {
    return this.#categories.find((c) => c.category_id === categoryId)?.colour ?? '#6b7280';
  }

  start(): () => void {
    void this.#loadCategories();
    void this.load();
    const stop = this.session.host.onChanged((topics) => {
      if (topics.includes('products')) {
        void this.#loadCategories();
        void this.load();
      } else if (topics.includes('stock')) {
        void this.load();
      }
    });
    return () => {
      clearTimeout(this.#pause);
      stop();
    };
  }

  choose(group: Group): void {
    this.#group = group;
    this.#search = '';
    void this.load();
  }

  /** What stands in the search field; the grid follows after a pause in typing. */
  type(text: string): void {
    this.#search = text;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.load(), SEARCH_PAUSE_MS);
  }

  async load(): Promise<void> {
    clearTimeout(this.#pause);
    this.#question += 1;
    const question = this.#question;
    const search = this.#search.trim();
    const browsing = search === '';
    const group = this.#group;
    try {
      const page = await this.session.host.call('product.list', {
        search,
        category_id: browsing && group !== 'favourites' && group !== 'all' ? group : null,
        favourites: browsing && group === 'favourites',
        archived: false,
        after: null,
        limit: TILES,
      });
      if (question !== this.#question) return;
      this.#items = page.items;
      this.#total = page.total;
      this.#loaded = true;
    } catch (thrown) {
      if (question === this.#question) this.session.tell('shelf', thrown);
    }
  }

  async #loadCategories(): Promise<void> {
    try {
      this.#categories = await this.session.host.call('category.list', {});
    } catch {
      // The grid works without its groups; the list of products says what is wrong.
    }
  }
}
