/**
 * A thing that a customer gives in payment: what it is, its number, what is given for it.
 *
 * Rust says what a number is and what happened to it before; this holds the form and what of it was refused. A new
 * second-hand product is made once, also when the rest of the form is refused afterwards.
 */
import { plainDecimal } from '$lib/format/number';
import type { Product } from '$lib/host/bindings/Product';
import type { ProductView } from '$lib/host/bindings/ProductView';
import type { SerialLife } from '$lib/host/bindings/SerialLife';
import { type HostError, toHostError } from '$lib/host/host';
import { m } from '$lib/paraglide/messages';
import type { CartController } from '$features/cart/cart.svelte';
import { problemWords } from '$features/notices/fieldWords';
import type { Session } from '$features/shell/session.svelte';

const TOPIC = 'trade-in';
/** Products that are offered for one search: more than anybody reads at the counter. */
const MOST_FOUND = 8;

export class TradeInForm {
  #found = $state.raw<readonly ProductView[]>([]);
  #chosen = $state.raw<Product | null>(null);
  #life = $state.raw<SerialLife | null>(null);
  #wrong = $state.raw<{ readonly field: string; readonly words: string } | null>(null);
  #sending = $state(false);
  #questions = 0;

  search = $state('');
  /** Another thing than the catalogue has: it becomes a product of its own. */
  making = $state(false);
  name = $state('');
  resale = $state('');
  serial = $state('');
  price = $state('');
  note = $state('');

  constructor(
    readonly session: Session,
    readonly cart: CartController,
  ) {}

  get found(): readonly ProductView[] {
    return this.#found;
  }

  get chosen(): Product | null {
    return this.#chosen;
  }

  /** What is known of the number, once it reads as one that was seen before. */
  get life(): SerialLife | null {
    return this.#life;
  }

  get sending(): boolean {
    return this.#sending;
  }

  errorOf(field: string): string | undefined {
    return this.#wrong?.field === field ? this.#wrong.words : undefined;
  }

  async look(text: string): Promise<void> {
    this.search = text;
    this.#chosen = null;
    this.#questions += 1;
    const question = this.#questions;
    if (text.trim() === '') {
      this.#found = [];
      return;
    }
    try {
      const page = await this.session.host.call('product.list', { search: text.trim(), category_id: null, favourites: false, archived: false, after: null, limit: MOST_FOUND });
      if (question === this.#questions) this.#found = page.items;
    } catch (thrown) {
      if (question === this.#questions) this.session.tell(TOPIC, thrown);
    }
  }

  choose(product: Product): void {
    this.#chosen = product;
    this.#found = [];
    this.search = product.name;
    this.#wrong = null;
  }

  /** What was typed or scanned as the number; what is known of it is asked for. */
  async read(text: string): Promise<void> {
    this.serial = text;
    this.#wrong = null;
    this.#life = null;
    if (text.trim() === '') return;
    try {
      const life = await this.session.host.call('serial.find', { serial: text });
      if (this.serial !== text || life.events.length === 0) return;
      this.#life = life;
      if (this.#chosen === null && !this.making && life.product_id !== null) {
        const known = await this.session.host.call('product.get', { product_id: life.product_id });
        if (this.serial === text) this.choose(known.product);
      }
    } catch {
      // Half a number is none; what is wrong with a whole one is said when it is taken in.
    }
  }

  /** True when it is on the cart. */
  async confirm(): Promise<boolean> {
    if (this.#sending) return false;
    if (this.#chosen === null && !this.making) {
      this.#wrong = { field: 'product', words: m.trade_in_choose() };
      return false;
    }
    this.#sending = true;
    this.#wrong = null;
    const refusal = await this.#take();
    this.#sending = false;
    if (refusal === null) return true;
    const { field, problem } = refusal.params;
    const shown = typeof field === 'string' && ['serial', 'unit_price', 'name', 'price', 'cost'].includes(field);
    if (shown && typeof problem === 'string') this.#wrong = { field: field === 'cost' ? 'unit_price' : field, words: problemWords(field, problem) };
    else this.session.tell(TOPIC, refusal);
    return false;
  }

  async #take(): Promise<HostError | null> {
    try {
      const product = this.#chosen ?? (await this.#make());
      return await this.cart.ask('cart.trade_in', {
        product_id: product.product_id,
        serial: this.serial,
        unit_price: plainDecimal(this.price),
        note: this.note.trim() === '' ? null : this.note.trim(),
      });
    } catch (thrown) {
      return toHostError(thrown);
    }
  }

  async #make(): Promise<Product> {
    const { default_offline_policy: policy } = this.session.settings ?? { default_offline_policy: 'allow' as const };
    const made = await this.session.host.call('product.create', {
      draft: {
        // The number is the one code that nothing else in the shop has.
        code: `OCC-${this.serial.replace(/[^0-9A-Za-z]/g, '').toUpperCase()}`,
        barcodes: [],
        name: this.name.trim(),
        category_id: null,
        unit: 'pcs',
        price: plainDecimal(this.resale),
        cost: plainDecimal(this.price),
        tax_rate: '0',
        track_stock: true,
        opening_stock: null,
        offline_policy: policy,
        favourite: false,
        archived: false,
        picture: 'keep',
        tracking: 'imei',
        packs: [],
      },
    });
    this.#chosen = made.product;
    return made.product;
  }
}
