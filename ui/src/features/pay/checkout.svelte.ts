/**
 * Paying the open cart: exactly once, whatever is pressed how often.
 *
 * Owns the tenders given so far and the identity of the attempt. Every sum (what is due, missing, too
 * much, change) comes from Rust. An attempt without an answer keeps its `request_id`: pressing again asks
 * for the same sale, it never makes a second one.
 */
import type { SaleCompleted } from '$lib/host/bindings/SaleCompleted';
import type { SettlePreview } from '$lib/host/bindings/SettlePreview';
import type { Tender } from '$lib/host/bindings/Tender';
import type { TenderKind } from '$lib/host/bindings/TenderKind';
import { type HostError, toHostError } from '$lib/host/host';
import { m } from '$lib/paraglide/messages';
import type { CartController } from '$features/cart/cart.svelte';
import { noticeWords } from '$features/printing/printWords';
import type { Session } from '$features/shell/session.svelte';

/**
 * - `open`: nothing is under way.
 * - `sending`: a sale is being made; every further press is ignored.
 * - `unknown`: no answer came; the next press asks for the same sale again.
 */
export type Phase = 'open' | 'sending' | 'unknown';

interface Attempt {
  readonly requestId: string;
  readonly tenders: readonly Tender[];
}

const TOPIC = 'sale';

export class Checkout {
  #phase = $state<Phase>('open');
  #sold = $state.raw<SaleCompleted | null>(null);
  #dialogOpen = $state(false);
  #tenders = $state.raw<readonly Tender[]>([]);
  #missing = $state<number | null>(null);
  #quickRest = $state.raw<readonly number[]>([]);
  #attempt: Attempt | null = null;
  #answer: Promise<void> = Promise.resolve();
  #last = $state.raw<SaleCompleted | null>(null);
  #preview = $state.raw<SettlePreview | null>(null);
  #weighed = 0;

  constructor(
    readonly session: Session,
    readonly cart: CartController,
  ) {}

  get phase(): Phase {
    return this.#phase;
  }

  /** The sale just made, while its receipt is on the screen. */
  get sold(): SaleCompleted | null {
    return this.#sold;
  }

  /** The sale before the open cart: a hurried hand that left the receipt too soon still sees the change to give. */
  get last(): SaleCompleted | null {
    return this.#last;
  }

  get dialogOpen(): boolean {
    return this.#dialogOpen;
  }

  /** Payments taken so far for this cart, before the last one. */
  get tenders(): readonly Tender[] {
    return this.#tenders;
  }

  /** What is still to pay when the next payment is of this kind, in minor units. */
  due(kind: TenderKind): number {
    const view = this.cart.view;
    if (this.#missing !== null) return this.#missing;
    if (view === null) return 0;
    return kind === 'cash' ? view.payable_cash : view.payable_other;
  }

  /** What a customer is likely to hand over in cash for what is still to pay, ascending. */
  get quickCash(): readonly number[] {
    return this.#missing === null ? (this.cart.view?.quick_cash ?? []) : this.#quickRest;
  }

  /** What the amount last weighed would settle; null while nobody knows. */
  get preview(): SettlePreview | null {
    return this.#preview;
  }

  /** Asks what an amount would settle together with what was taken before: the change is known before it is paid. */
  async weigh(kind: TenderKind, amount: number | null): Promise<void> {
    this.#weighed += 1;
    const question = this.#weighed;
    const taken = this.#tenders.map((tender) => ({ kind: tender.kind, amount: tender.amount }));
    if (amount === null) {
      this.#preview = null;
      return;
    }
    try {
      const preview = await this.session.host.call('cart.settle_preview', { amounts: [...taken, { kind, amount }] });
      if (question === this.#weighed) this.#preview = preview;
    } catch {
      // Paying itself says what is wrong with an amount.
      if (question === this.#weighed) this.#preview = null;
    }
  }

  /** Resolves when the sale under way, if any, has been answered. */
  async answered(): Promise<void> {
    await this.#answer;
  }

  openDialog(): void {
    if (this.#phase === 'sending' || this.cart.isEmpty) return;
    this.#dialogOpen = true;
  }

  /** An attempt without an answer is kept: it may already be a sale. */
  closeDialog(): void {
    if (this.#phase === 'sending') return;
    this.#dialogOpen = false;
    this.dropTenders();
  }

  /** Takes back the payments that were taken for a part of the amount. */
  dropTenders(): void {
    if (this.#phase === 'open') this.#forget();
  }

  /** The whole amount in cash: one key after the last scan, whose answer it waits for. */
  exactCash(): Promise<void> {
    if (this.#phase === 'sending' || this.#sold !== null) return Promise.resolve();
    const again = this.#phase === 'unknown';
    this.#phase = 'sending';
    this.#answer = again ? this.#send() : this.#sendExactCash();
    return this.#answer;
  }

  /** One payment. When it does not cover the rest, it is kept and the rest is asked for. */
  pay(kind: TenderKind, amount: number, reference: string): Promise<void> {
    if (this.#phase === 'sending' || this.#sold !== null) return Promise.resolve();
    const given: Tender = { kind, amount, reference: reference.trim() === '' ? null : reference.trim() };
    this.#answer = this.#phase === 'unknown' ? this.#send() : this.#sendNew([...this.#tenders, given]);
    return this.#answer;
  }

  /** Leaves the receipt for the next customer. False when there is none on the screen. */
  newSale(): boolean {
    if (this.#sold === null) return false;
    this.#sold = null;
    this.session.notices.clear(TOPIC);
    return true;
  }

  async #sendExactCash(): Promise<void> {
    if (!(await this.cart.settled())) {
      // The last scan is not in the cart, and the cashier has just been told: do not sell without it.
      this.#phase = 'open';
      return;
    }
    const view = this.cart.view;
    if (view === null || view.lines.length === 0) {
      this.#phase = 'open';
      this.session.notices.say({ tone: 'info', topic: TOPIC, title: m.err_cart_empty(), text: m.err_cart_empty_do() });
      return;
    }
    this.#forget();
    await this.#sendNew([{ kind: 'cash', amount: view.payable_cash, reference: null }]);
  }

  async #sendNew(tenders: readonly Tender[]): Promise<void> {
    this.#attempt = { requestId: crypto.randomUUID(), tenders };
    await this.#send();
  }

  async #send(): Promise<void> {
    const attempt = this.#attempt;
    if (attempt === null) return;
    this.#phase = 'sending';
    try {
      const sold = await this.session.host.call('sale.complete', { request_id: attempt.requestId, tenders: [...attempt.tenders] });
      this.#finish(sold);
    } catch (thrown) {
      this.#fail(toHostError(thrown), attempt);
    }
    await this.cart.refresh();
  }

  #finish(sold: SaleCompleted): void {
    this.#phase = 'open';
    this.#dialogOpen = false;
    this.#forget();
    this.#sold = sold;
    this.#last = sold;
    this.session.notices.clear(TOPIC);
    for (const notice of sold.notices) {
      switch (notice.kind) {
        case 'below_stock':
          this.session.notices.say({ tone: 'warn', topic: `stock-${notice.code}`, title: m.sold_below_stock({ name: notice.name }), text: m.sold_below_stock_do() });
          break;
        case 'not_printed':
          this.session.notices.say({ tone: 'warn', topic: 'print', title: m.err_print_failed(), text: `${noticeWords(notice.detail)} ${m.print_will_follow()}`.trim() });
          break;
      }
    }
  }

  #fail(error: HostError, attempt: Attempt): void {
    if (error.code === 'host.timeout') {
      this.#phase = 'unknown';
      this.session.tell(TOPIC, error);
      return;
    }
    this.#phase = 'open';
    this.#attempt = null;
    const missing = error.params['missing'];
    if (error.code === 'sale.underpaid' && typeof missing === 'number') {
      this.#tenders = attempt.tenders;
      this.#missing = missing;
      void this.#askQuickRest(missing);
      this.session.notices.clear(TOPIC);
      return;
    }
    // The cart was given back: what was counted so far belongs to a sale that does not exist.
    if (this.#cartIsBack(error)) {
      this.#dialogOpen = false;
      this.#forget();
    }
    this.session.tell(TOPIC, error);
  }

  #cartIsBack(error: HostError): boolean {
    return ['sale.insufficient_stock', 'sale.blocked_offline', 'sale.needs_server', 'sale.refused', 'cart.empty'].includes(error.code);
  }

  async #askQuickRest(missing: number): Promise<void> {
    this.#quickRest = [];
    try {
      const quick = await this.session.host.call('cart.quick_cash', { amount: missing });
      if (this.#missing === missing) this.#quickRest = quick;
    } catch {
      // The amount can be typed.
    }
  }

  #forget(): void {
    this.#tenders = [];
    this.#missing = null;
    this.#quickRest = [];
    this.#attempt = null;
    this.#phase = 'open';
  }
}
