/** The catalogue: a long list in pages, and one product being edited. */
import type { Category } from '$lib/host/bindings/Category';
import type { ProductDraft } from '$lib/host/bindings/ProductDraft';
import type { ProductView } from '$lib/host/bindings/ProductView';
import { type HostError, toHostError } from '$lib/host/host';
import { PagedList } from '$lib/paging/pagedList.svelte';
import { m } from '$lib/paraglide/messages';
import type { Session } from '$features/shell/session.svelte';

const PAGE = 200;
const TOPIC = 'product';

export class Products {
  readonly list: PagedList<ProductView>;
  #categories = $state.raw<readonly Category[]>([]);
  #archived = $state(false);

  constructor(readonly session: Session) {
    this.list = new PagedList(
      (question) =>
        session.host.call('product.list', { ...question, category_id: null, favourites: false, archived: this.#archived, limit: PAGE }),
      (thrown) => session.tell(TOPIC, thrown),
    );
  }

  get categories(): readonly Category[] {
    return this.#categories;
  }

  get archived(): boolean {
    return this.#archived;
  }

  start(): () => void {
    void this.list.load();
    void this.#loadCategories();
    const stop = this.session.host.onChanged((topics) => {
      if (topics.includes('products')) void this.#loadCategories();
      if (topics.some((t) => t === 'products' || t === 'stock')) void this.list.load();
    });
    return () => {
      this.list.stop();
      stop();
    };
  }

  showArchived(archived: boolean): void {
    this.#archived = archived;
    void this.list.load();
  }

  colourOf(categoryId: string | null): string {
    return this.#categories.find((c) => c.category_id === categoryId)?.colour ?? '#6b7280';
  }

  /** Saves a draft. Null when it is saved, else the refusal, so that the form can mark its field. */
  async save(productId: string | null, draft: ProductDraft): Promise<HostError | null> {
    try {
      const saved =
        productId === null
          ? await this.session.host.call('product.create', { draft })
          : await this.session.host.call('product.update', { product_id: productId, draft });
      this.session.notices.say({ tone: 'ok', topic: TOPIC, title: m.product_saved({ name: saved.product.name }) });
      await this.list.load();
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
      await this.list.load();
      return true;
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
      return false;
    }
  }

  /** Makes a category (`null`) or changes one. False when it was refused (the reason was told). */
  async saveCategory(categoryId: string | null, name: string, colour: string): Promise<boolean> {
    const { host, notices } = this.session;
    try {
      const typed = { name: name.trim(), colour };
      const saved = categoryId === null ? await host.call('category.create', typed) : await host.call('category.update', { category_id: categoryId, ...typed });
      notices.say({ tone: 'ok', topic: TOPIC, title: m.category_saved({ name: saved.name }) });
      await this.#loadCategories();
      return true;
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
      return false;
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
