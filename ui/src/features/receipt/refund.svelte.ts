/**
 * Goods of one sale that come back: what may, what the cashier chose, and what that is worth.
 *
 * Rust decides what is left and what it is worth; this holds the choice and asks again whenever it changes. Each attempt
 * has one id, so a press whose answer was lost gives nothing back twice.
 */
import { ONE } from '$lib/format/quantity';
import type { GoodsBack } from '$lib/host/bindings/GoodsBack';
import type { RefundDraft } from '$lib/host/bindings/RefundDraft';
import type { RefundLineView } from '$lib/host/bindings/RefundLineView';
import type { RefundQuote } from '$lib/host/bindings/RefundQuote';
import type { ReturnReason } from '$lib/host/bindings/ReturnReason';
import type { SaleCompleted } from '$lib/host/bindings/SaleCompleted';
import type { Tender } from '$lib/host/bindings/Tender';
import type { TenderKind } from '$lib/host/bindings/TenderKind';
import type { Session } from '$features/shell/session.svelte';

/** Notices about a refund replace each other under this topic. */
const TOPIC = 'refund';

/** How the money goes back: as it was paid, or all of it in one way. */
export type Way = 'as_paid' | Extract<TenderKind, 'cash' | 'account'>;

/** A line of a sale that nobody could look up, as it is typed. */
export interface TypedLine {
  readonly code: string;
  readonly qty: number;
  readonly price: string | null;
}

export class Refund {
  #draft = $state.raw<RefundDraft | null>(null);
  /** Thousandths by line. */
  #chosen = $state.raw<Readonly<Record<string, number>>>({});
  /** Which numbers come back, by line. */
  #serials = $state.raw<Readonly<Record<string, readonly string[]>>>({});
  #typed = $state.raw<readonly TypedLine[]>([]);
  #quote = $state.raw<RefundQuote | null>(null);
  #sending = $state(false);
  #asked = 0;
  #attempts: { refund: string | null; void: string | null } = { refund: null, void: null };

  reason = $state<ReturnReason>('defective');
  note = $state('');
  way = $state<Way>('as_paid');
  #withCart = $state(false);

  constructor(readonly session: Session) {}

  get draft(): RefundDraft | null {
    return this.#draft;
  }

  get typed(): readonly TypedLine[] {
    return this.#typed;
  }

  get quote(): RefundQuote | null {
    return this.#quote;
  }

  get sending(): boolean {
    return this.#sending;
  }

  get withCart(): boolean {
    return this.#withCart;
  }

  async load(number: string): Promise<void> {
    try {
      this.#draft = await this.session.host.call('refund.draft', { number });
      this.#chosen = {};
      this.#serials = {};
      this.#typed = [];
      this.#quote = null;
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  /** How much of a line comes back, in thousandths. */
  chosen(line: RefundLineView): number {
    return this.#chosen[line.line_id] ?? 0;
  }

  /** One piece more or less; the last part of a piece counts as one. */
  step(line: RefundLineView, by: 1 | -1): Promise<void> {
    return this.choose(line, this.chosen(line) + by * ONE);
  }

  choose(line: RefundLineView, qty: number): Promise<void> {
    const within = Math.min(Math.max(qty, 0), line.left);
    this.#chosen = { ...this.#chosen, [line.line_id]: within };
    if (line.serials.length > 0) {
      // Those that were pointed at stay; others of the line make up the number.
      const pointed = this.serials(line);
      const all = [...pointed, ...line.serials.filter((serial) => !pointed.includes(serial))];
      this.#serials = { ...this.#serials, [line.line_id]: all.slice(0, Math.ceil(within / ONE)) };
    }
    return this.#weigh();
  }

  /** The numbers of a line that come back. */
  serials(line: RefundLineView): readonly string[] {
    return this.#serials[line.line_id] ?? [];
  }

  /** This very piece comes back, or not. */
  point(line: RefundLineView, serial: string): Promise<void> {
    const before = this.serials(line);
    const pointed = before.includes(serial) ? before.filter((other) => other !== serial) : [...before, serial];
    this.#serials = { ...this.#serials, [line.line_id]: pointed };
    return this.choose(line, pointed.length * ONE);
  }

  chooseAll(): Promise<void> {
    const lines = this.#draft?.lines ?? [];
    this.#chosen = Object.fromEntries(lines.map((line) => [line.line_id, line.left]));
    this.#serials = Object.fromEntries(lines.map((line) => [line.line_id, line.serials]));
    return this.#weigh();
  }

  type(line: TypedLine): Promise<void> {
    this.#typed = [...this.#typed, line];
    return this.#weigh();
  }

  forget(line: TypedLine): Promise<void> {
    this.#typed = this.#typed.filter((other) => other !== line);
    return this.#weigh();
  }

  exchange(withCart: boolean): Promise<void> {
    this.#withCart = withCart;
    return this.#weigh();
  }

  /** Gives the money back; store credit goes to this customer where the sale names nobody; the new document, or null when it was refused and the reason was told. */
  async confirm(customerId: string | null): Promise<SaleCompleted | null> {
    const quote = this.#quote;
    if (quote === null || this.#draft === null || this.#sending) return null;
    const tenders = this.#tenders(quote);
    return this.#send('refund', (requestId) =>
      this.session.host.call('refund.complete', {
        ...this.#what(),
        request_id: requestId,
        reason: this.reason,
        note: this.note.trim() === '' ? null : this.note.trim(),
        tenders,
        approval_id: null,
        customer_id: customerId,
      }),
    );
  }

  /** Takes the whole sale back. */
  async void(): Promise<SaleCompleted | null> {
    const draft = this.#draft;
    if (draft === null || this.#sending) return null;
    return this.#send('void', (requestId) =>
      this.session.host.call('sale.void', { number: draft.number, request_id: requestId, reason: this.reason, approval_id: null }),
    );
  }

  async #send(what: 'refund' | 'void', call: (requestId: string) => Promise<SaleCompleted>): Promise<SaleCompleted | null> {
    this.#sending = true;
    const requestId = this.#attempts[what] ?? crypto.randomUUID();
    this.#attempts[what] = requestId;
    try {
      const done = await call(requestId);
      this.#attempts[what] = null;
      return done;
    } catch (thrown) {
      const error = this.session.tell(TOPIC, thrown);
      // Without an answer the same press is asked about again; anything else was refused.
      if (error.code !== 'host.timeout' && error.code !== 'storage.unknown_outcome') this.#attempts[what] = null;
      return null;
    } finally {
      this.#sending = false;
    }
  }

  #tenders(quote: RefundQuote): Tender[] {
    if (this.way === 'as_paid' || !quote.pays_back) return [...quote.proposed];
    const amount = this.way === 'cash' ? quote.payable_cash : quote.payable_other;
    return [{ kind: this.way, amount, reference: null }];
  }

  #what(): { number: string; lines: GoodsBack[]; with_cart: boolean } {
    const chosen = Object.entries(this.#chosen).filter(([, qty]) => qty > 0);
    const lines = chosen.map(([line_id, qty]): GoodsBack => ({ line_id, code: null, qty, unit_price: null, serials: [...(this.#serials[line_id] ?? [])] }));
    const typed = this.#typed.map(({ code, qty, price }): GoodsBack => ({ line_id: null, code, qty, unit_price: price, serials: [] }));
    return { number: this.#draft?.number ?? '', lines: [...lines, ...typed], with_cart: this.#withCart };
  }

  /** Asks what the choice is worth. Only the answer to the last question counts. */
  async #weigh(): Promise<void> {
    const what = this.#what();
    this.#asked += 1;
    const asked = this.#asked;
    if (what.lines.length === 0) {
      this.#quote = null;
      return;
    }
    try {
      const quote = await this.session.host.call('refund.quote', what);
      if (asked === this.#asked) this.#quote = quote;
    } catch (thrown) {
      if (asked !== this.#asked) return;
      this.#quote = null;
      this.session.tell(TOPIC, thrown);
    }
  }
}
