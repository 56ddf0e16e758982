/**
 * The open cart of this register.
 *
 * Rust owns the cart and every amount in it; this holds the last answer, the chosen line, and the order
 * of requests. Requests run one after the other: three quick scans are three lines whatever the speed
 * of the machine, and a payment waits for the scans before it.
 */
import type { CartLineView } from '$lib/host/bindings/CartLineView';
import type { CartView } from '$lib/host/bindings/CartView';
import type { Discount } from '$lib/host/bindings/Discount';
import type { HeldCart } from '$lib/host/bindings/HeldCart';
import type { LineSize } from '$lib/host/bindings/LineSize';
import type { CommandName, Request } from '$lib/host/commands';
import { type HostError, toHostError } from '$lib/host/host';
import { ONE } from '$lib/format/quantity';
import type { Session } from '$features/shell/session.svelte';

/** Commands that answer with the cart as it then stands. */
type CartCommand = Extract<
  CommandName,
  | 'cart.get'
  | 'cart.scan'
  | 'cart.add'
  | 'cart.set_line'
  | 'cart.set_price'
  | 'cart.set_discount'
  | 'cart.set_customer'
  | 'cart.set_note'
  | 'cart.set_serials'
  | 'cart.trade_in'
  | 'cart.set_line_note'
  | 'cart.set_pack'
  | 'cart.undo'
  | 'cart.clear'
  | 'cart.hold'
  | 'cart.recall'
>;

/** Notices about the cart replace each other under this topic. */
const TOPIC = 'cart';

export class CartController {
  #view = $state.raw<CartView | null>(null);
  #chosen = $state<string | null>(null);
  #held = $state.raw<readonly HeldCart[]>([]);
  #last: Promise<boolean> = Promise.resolve(true);
  #waiting = 0;

  constructor(readonly session: Session) {}

  get view(): CartView | null {
    return this.#view;
  }

  get lines(): readonly CartLineView[] {
    return this.#view?.lines ?? [];
  }

  get isEmpty(): boolean {
    return this.lines.length === 0;
  }

  /** The line that keys and buttons work on: the chosen one, else the last. */
  get selected(): CartLineView | null {
    return this.lines.find((line) => line.item.line_id === this.#chosen) ?? this.lines.at(-1) ?? null;
  }

  get held(): readonly HeldCart[] {
    return this.#held;
  }

  /** Loads the cart; listens for changes from elsewhere. The returned function stops listening. */
  start(): () => void {
    void this.refresh();
    return this.session.host.onChanged((topics) => {
      if (topics.some((t) => t === 'cart' || t === 'stock')) void this.refresh();
      // Another register may hold one, or take one, while the list is open.
      if (topics.includes('cart') && this.#held.length > 0) void this.loadHeld();
    });
  }

  refresh(): Promise<boolean> {
    return this.#run('cart.get', {});
  }

  /** Resolves when every request made so far has been answered; false when the last of them failed meanwhile. */
  settled(): Promise<boolean> {
    return this.#waiting === 0 ? Promise.resolve(true) : this.#last;
  }

  /** A scanned or typed code. False when it is not in the cart; the reason was told. */
  scan(code: string): Promise<boolean> {
    const trimmed = code.trim();
    if (trimmed === '') return Promise.resolve(false);
    return this.#put('cart.scan', { code: trimmed });
  }

  add(productId: string): Promise<boolean> {
    return this.#put('cart.add', { product_id: productId, qty: ONE });
  }

  choose(lineId: string): void {
    this.#chosen = lineId;
  }

  /** Moves the choice by one line. */
  step(by: 1 | -1): void {
    const at = this.lines.findIndex((line) => line.item.line_id === this.selected?.item.line_id);
    const next = this.lines[at + by];
    if (next !== undefined) this.#chosen = next.item.line_id;
  }

  /** One piece more or less of the chosen line; the last piece takes the line away. */
  async nudge(by: 1 | -1): Promise<boolean> {
    const line = this.selected;
    // One thing with one number: it is taken in, or its line is removed.
    if (line?.item.trade_in) return false;
    return line !== null && this.setQuantity(line, line.item.qty + by * ONE);
  }

  /** Sets a quantity in thousandths; zero removes the line. */
  setQuantity(line: CartLineView, qty: number): Promise<boolean> {
    return this.#setLine(line, { qty: Math.max(qty, line.item.qty < 0 ? qty : 0) });
  }

  remove(line: CartLineView): Promise<boolean> {
    return this.#setLine(line, { qty: 0 });
  }

  setDiscount(line: CartLineView, discount: Discount | null): Promise<boolean> {
    return this.#setLine(line, { discount, clear_discount: discount === null });
  }

  /** Another price of one unit, as a decimal; null gives the catalogue's back. */
  setPrice(line: CartLineView, price: string | null): Promise<boolean> {
    this.#chosen = line.item.line_id;
    return this.#run('cart.set_price', { line_id: line.item.line_id, unit_price: price });
  }

  setCartDiscount(discount: Discount | null): Promise<boolean> {
    return this.#run('cart.set_discount', { discount });
  }

  setCustomer(customerId: string | null): Promise<boolean> {
    return this.#run('cart.set_customer', { customer_id: customerId });
  }

  setNote(note: string): Promise<boolean> {
    return this.#run('cart.set_note', { note: note.trim() === '' ? null : note.trim() });
  }

  /** A remark below a line; an empty one goes. */
  setLineNote(line: CartLineView, note: string): Promise<boolean> {
    this.#chosen = line.item.line_id;
    return this.#run('cart.set_line_note', { line_id: line.item.line_id, note: note.trim() === '' ? null : note.trim() });
  }

  /** Another size of the line's product. */
  setSize(line: CartLineView, { unit, size }: LineSize): Promise<boolean> {
    this.#chosen = line.item.line_id;
    return this.#run('cart.set_pack', { line_id: line.item.line_id, unit: size === null ? null : unit, size });
  }

  undo(): Promise<boolean> {
    return this.#run('cart.undo', {});
  }

  clear(): Promise<boolean> {
    return this.#run('cart.clear', {});
  }

  hold(): Promise<boolean> {
    return this.#run('cart.hold', {});
  }

  recall(cartId: string): Promise<boolean> {
    return this.#run('cart.recall', { cart_id: cartId });
  }

  async loadHeld(): Promise<void> {
    try {
      this.#held = await this.session.host.call('cart.held', {});
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  #setLine(line: CartLineView, change: Partial<Request<'cart.set_line'>>): Promise<boolean> {
    this.#chosen = line.item.line_id;
    return this.#run('cart.set_line', {
      line_id: line.item.line_id,
      qty: null,
      discount: null,
      clear_discount: false,
      ...change,
    });
  }

  /** Puts goods into the cart; the line that was added or grew is the one the cashier looks at. */
  async #put<Name extends 'cart.scan' | 'cart.add'>(name: Name, request: Request<Name>): Promise<boolean> {
    const before = this.lines;
    const done = await this.#run(name, request);
    if (done) {
      const same = (line: CartLineView): boolean =>
        before.some((old) => old.item.line_id === line.item.line_id && old.item.qty === line.item.qty);
      this.#chosen = this.lines.findLast((line) => !same(line))?.item.line_id ?? this.#chosen;
    }
    return done;
  }

  /** For a form that shows by itself what is wrong: the refusal, or null when it was done. */
  async ask<Name extends CartCommand>(name: Name, request: Request<Name>): Promise<HostError | null> {
    let refusal: HostError | null = null;
    await this.#run(name, request, (error) => (refusal = error));
    return refusal;
  }

  #run<Name extends CartCommand>(name: Name, request: Request<Name>, refused: (error: HostError) => void = (error) => this.session.tell(TOPIC, error)): Promise<boolean> {
    const { host, notices } = this.session;
    this.#waiting += 1;
    const run = this.#last.then(async () => {
      try {
        this.#view = await host.call(name, request);
        if (name !== 'cart.get') notices.clear(TOPIC);
        return true;
      } catch (thrown) {
        const error = toHostError(thrown);
        refused(error);
        // The answer proves that the cart shown is out of date.
        if (error.code === 'cart.line_not_found' || error.code === 'cart.not_found') {
          this.#view = await host.call('cart.get', {}).catch(() => this.#view);
        }
        return false;
      } finally {
        this.#waiting -= 1;
      }
    });
    this.#last = run;
    return run;
  }
}
