/** The catalogue: a long list in pages, and one product being edited. */
import type { Category } from '$lib/host/bindings/Category';
import type { ProductDraft } from '$lib/host/bindings/ProductDraft';
import type { ProductView } from '$lib/host/bindings/ProductView';
import { type HostError, toHostError } from '$lib/host/host';
import { m } from '$lib/paraglide/messages';
import type { Session } from '$features/shell/session.svelte';

const PAGE = 200;
const SEARCH_PAUSE_MS = 140;
const TOPIC = 'product';

export class Products {
  #items = $state.raw<readonly ProductView[]>([]);
  #categories = $state.raw<readonly Category[]>([]);
  #total = $state<number | null>(null);
  #search = $state('');
  #archived = $state(false);
  #loaded = $state(false);
  #next: string | null = null;
  #question = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly session: Session) {}

  get items(): readonly ProductView[] {
    return this.#items;
  }

  get categories(): readonly Category[] {
    return this.#categories;
  }

  get total(): number | null {
    return this.#total;
  }

  get search(): string {
    return this.#search;
  }

  get archived(): boolean {
    return this.#archived;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  start(): () => void {
    void this.load();
    void this.#loadCategories();
    const stop = this.session.host.onChanged((topics) => {
      if (topics.includes('products')) void this.#loadCategories();
      if (topics.some((t) => t === 'products' || t === 'stock')) void this.load();
    });
    return () => {
      clearTimeout(this.#pause);
      stop();
    };
  }

  type(text: string): void {
    this.#search = text;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.load(), SEARCH_PAUSE_MS);
  }

  showArchived(archived: boolean): void {
    this.#archived = archived;
    void this.load();
  }

  colourOf(categoryId: string | null): string {
    return this.#categories.find((c) => c.category_id === categoryId)?.colour ?? '#6b7280';
  }

  load(): Promise<void> {
    clearTimeout(this.#pause);
    return this.#ask(null);
  }

  /** Loads the next page, if there is one. */
  async more(): Promise<void> {
    const next = this.#next;
    this.#next = null;
    if (next !== null) await this.#ask(next);
  }

  /** Saves a draft. Null when it is saved, else the refusal, so that the form can mark its field. */
  async save(productId: string | null, draft: ProductDraft): Promise<HostError | null> {
    try {
      const saved =
        productId === null
          ? await this.session.host.call('product.create', { draft })
          : await this.session.host.call('product.update', { product_id: productId, draft });
      this.session.notices.say({ tone: 'ok', topic: TOPIC, title: m.product_saved({ name: saved.product.name }) });
      await this.load();
      return null;
    } catch (thrown) {
      const error = toHostError(thrown);
      this.session.tell(TOPIC, error);
      return error;
    }
  }

  async remove(view: ProductView): Promise<boolean> {
    try {
      await this.session.host.call('product.delete', { product_id: view.product.product_id });
      this.session.notices.say({ tone: 'ok', topic: TOPIC, title: m.product_deleted({ name: view.product.name }) });
      await this.load();
      return true;
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
      return false;
    }
  }

  async #ask(after: string | null): Promise<void> {
    this.#question += 1;
    const question = this.#question;
    try {
      const page = await this.session.host.call('product.list', {
        search: this.#search.trim(),
        category_id: null,
        favourites: false,
        archived: this.#archived,
        after,
        limit: PAGE,
      });
      if (question !== this.#question) return;
      this.#items = after === null ? page.items : [...this.#items, ...page.items];
      this.#next = page.next;
      if (after === null) this.#total = page.total;
      this.#loaded = true;
    } catch (thrown) {
      if (question === this.#question) this.session.tell(TOPIC, thrown);
    }
  }

  async #loadCategories(): Promise<void> {
    try {
      this.#categories = await this.session.host.call('category.list', {});
    } catch {
      // Products are listed without their groups; the list itself says what is wrong.
    }
  }
}
