/** Finding and making customers for the cart. */
import type { CustomerView } from '$lib/host/bindings/CustomerView';
import type { Session } from '$features/shell/session.svelte';

const PAGE = 100;
const SEARCH_PAUSE_MS = 140;

export class CustomerFinder {
  #items = $state.raw<readonly CustomerView[]>([]);
  #search = $state('');
  #loaded = $state(false);
  #next: string | null = null;
  #question = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly session: Session) {}

  get items(): readonly CustomerView[] {
    return this.#items;
  }

  get search(): string {
    return this.#search;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  start(): () => void {
    void this.#load(null);
    return () => clearTimeout(this.#pause);
  }

  type(text: string): void {
    this.#search = text;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.#load(null), SEARCH_PAUSE_MS);
  }

  /** Loads the next page, if there is one. */
  async more(): Promise<void> {
    const next = this.#next;
    this.#next = null;
    if (next !== null) await this.#load(next);
  }

  /** Makes a customer; gives the id, or null when it was refused (the reason was told). */
  async create(name: string, phone: string): Promise<string | null> {
    try {
      const made = await this.session.host.call('customer.create', {
        name: name.trim(),
        phone: phone.trim() === '' ? null : phone.trim(),
        note: null,
      });
      return made.customer.customer_id;
    } catch (thrown) {
      this.session.tell('customer', thrown);
      return null;
    }
  }

  async #load(after: string | null): Promise<void> {
    this.#question += 1;
    const question = this.#question;
    try {
      const page = await this.session.host.call('customer.list', { search: this.#search.trim(), after, limit: PAGE });
      if (question !== this.#question) return;
      this.#items = after === null ? page.items : [...this.#items, ...page.items];
      this.#next = page.next;
      this.#loaded = true;
    } catch (thrown) {
      this.session.tell('customer', thrown);
    }
  }
}
