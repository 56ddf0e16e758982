/**
 * A long list that is searched and read in pages, newest question first: an answer that was overtaken by a
 * later question is dropped. Knows neither what is listed nor who answers.
 */
import type { Page } from '$lib/host/bindings/Page';

/** Between two keys of somebody who types a name; also longer than a scanner's burst, which must not search. */
export const SEARCH_PAUSE_MS = 140;

/** What a page is asked for by. */
export interface Question {
  /** As typed, without white space around it. */
  readonly search: string;
  /** From the page before; null for the first. */
  readonly after: string | null;
}

export class PagedList<T> {
  #items = $state.raw<readonly T[]>([]);
  #total = $state<number | null>(null);
  #search = $state('');
  #loaded = $state(false);
  #next: string | null = null;
  #question = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly ask: (question: Question) => Promise<Page<T>>,
    /** Told of a page that could not be read. */
    readonly failed: (thrown: unknown) => void,
  ) {}

  get items(): readonly T[] {
    return this.#items;
  }

  /** All that fit, when the program counted them. */
  get total(): number | null {
    return this.#total;
  }

  get search(): string {
    return this.#search;
  }

  /** The first answer has come. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** What stands in the search field; the list follows after a pause in typing. */
  type(text: string): void {
    this.#search = text;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.load(), SEARCH_PAUSE_MS);
  }

  /** Asks anew from the beginning. */
  load(): Promise<void> {
    clearTimeout(this.#pause);
    return this.#read(null);
  }

  /** Loads the next page, if there is one. */
  async more(): Promise<void> {
    const next = this.#next;
    this.#next = null;
    if (next !== null) await this.#read(next);
  }

  /** Forgets a search that waits for its pause. */
  stop(): void {
    clearTimeout(this.#pause);
  }

  async #read(after: string | null): Promise<void> {
    this.#question += 1;
    const question = this.#question;
    try {
      const page = await this.ask({ search: this.#search.trim(), after });
      if (question !== this.#question) return;
      this.#items = after === null ? page.items : [...this.#items, ...page.items];
      this.#next = page.next;
      if (after === null) this.#total = page.total;
      this.#loaded = true;
    } catch (thrown) {
      if (question === this.#question) this.failed(thrown);
    }
  }
}
