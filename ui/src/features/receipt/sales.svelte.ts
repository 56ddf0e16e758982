/** Past sales: the list, and one receipt of it. */
import type { ReceiptView } from '$lib/host/bindings/ReceiptView';
import type { SaleSummary } from '$lib/host/bindings/SaleSummary';
import { m } from '$lib/paraglide/messages';
import type { Session } from '$features/shell/session.svelte';

const PAGE = 100;
const SEARCH_PAUSE_MS = 140;

export class Sales {
  #items = $state.raw<readonly SaleSummary[]>([]);
  #search = $state('');
  #loaded = $state(false);
  #receipt = $state.raw<ReceiptView | null>(null);
  #next: string | null = null;
  #question = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly session: Session) {}

  get items(): readonly SaleSummary[] {
    return this.#items;
  }

  get search(): string {
    return this.#search;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  /** The receipt looked at. */
  get receipt(): ReceiptView | null {
    return this.#receipt;
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

  async more(): Promise<void> {
    const next = this.#next;
    this.#next = null;
    if (next !== null) await this.#load(next);
  }

  async open(saleId: string): Promise<void> {
    try {
      this.#receipt = await this.session.host.call('sale.receipt', { sale_id: saleId });
    } catch (thrown) {
      this.session.tell('receipt', thrown);
    }
  }

  close(): void {
    this.#receipt = null;
  }

  async #load(after: string | null): Promise<void> {
    this.#question += 1;
    const question = this.#question;
    try {
      const page = await this.session.host.call('sale.list', { search: this.#search.trim(), after, limit: PAGE });
      if (question !== this.#question) return;
      this.#items = after === null ? page.items : [...this.#items, ...page.items];
      this.#next = page.next;
      this.#loaded = true;
    } catch (thrown) {
      this.session.tell('receipt', thrown);
    }
  }
}

/** Prints a receipt, or says why not. Copies are marked by the program. */
export async function printReceipt(session: Session, saleId: string): Promise<void> {
  try {
    await session.host.call('receipt.print', { sale_id: saleId });
    session.notices.say({ tone: 'ok', topic: 'print', title: m.receipt_printed() });
  } catch (thrown) {
    session.tell('print', thrown);
  }
}

/** Saves a receipt as PDF and says where. */
export async function savePdf(session: Session, saleId: string): Promise<void> {
  try {
    const path = await session.host.call('receipt.save', { sale_id: saleId, format: 'pdf', path: null });
    session.notices.say({ tone: 'ok', topic: 'print', title: m.receipt_saved(), text: path });
  } catch (thrown) {
    session.tell('print', thrown);
  }
}
