/** The sell screen's own state: which dialog is open, and what its keys do. */
import type { Action } from '$lib/keys/keymap';
import type { Checkout } from '$features/pay/checkout.svelte';
import type { CartController } from './cart.svelte';

/** At most one is open. */
export type SellDialog = 'none' | 'quantity' | 'price' | 'line-discount' | 'cart-discount' | 'customer' | 'held' | 'sales' | 'note' | 'line-note' | 'size' | 'serials' | 'trade-in';

export class SellRoom {
  #dialog = $state<SellDialog>('none');
  /** Raised when the scan field should take the focus. */
  #focusWish = $state(0);
  #catcher: ((code: string) => void) | null = null;

  constructor(
    readonly cart: CartController,
    readonly checkout: Checkout,
  ) {}

  get dialog(): SellDialog {
    return this.#dialog;
  }

  get focusWish(): number {
    return this.#focusWish;
  }

  open(dialog: Exclude<SellDialog, 'none'>): void {
    const needsLine = dialog === 'quantity' || dialog === 'price' || dialog === 'line-discount' || dialog === 'cart-discount' || dialog === 'line-note';
    if (needsLine && this.cart.isEmpty) return;
    if (dialog === 'size' && (this.cart.selected?.sizes.length ?? 0) === 0) return;
    if (dialog === 'held') void this.cart.loadHeld();
    this.#dialog = dialog;
  }

  close(): void {
    this.#dialog = 'none';
    this.#focusWish += 1;
  }

  focusScan(): void {
    this.#focusWish += 1;
  }

  /** A code for the cart, wherever it came from. A scan during payment or at the receipt is the next step. */
  async scan(code: string): Promise<boolean> {
    // Goods of the next customer must not mix with a sale under way.
    await this.checkout.answered();
    this.checkout.newSale();
    this.checkout.closeDialog();
    this.#dialog = 'none';
    const done = await this.cart.scan(code);
    if (done) this.#askForSerials();
    return done;
  }

  /** Goods that were touched on the shelf. */
  async add(productId: string): Promise<void> {
    if (await this.cart.add(productId)) this.#askForSerials();
  }

  /** While a dialog asks for a number, what is scanned is that. The returned function gives scans back to the cart. */
  catchScans(catcher: (code: string) => void): () => void {
    this.#catcher = catcher;
    return () => {
      if (this.#catcher === catcher) this.#catcher = null;
    };
  }

  /** Gives a scan to the dialog that asks for one; false when none does. */
  caught(code: string): boolean {
    this.#catcher?.(code);
    return this.#catcher !== null;
  }

  /** What was just rung up must bear numbers: they are asked for while the thing is in the hand. */
  #askForSerials(): void {
    if ((this.cart.selected?.missing_serials ?? 0) > 0) this.open('serials');
  }

  /** Does a key's action; false when it means nothing now. */
  act(action: Action): boolean {
    // While a sale is made the cart stands still; the key is taken so that it does nothing else either.
    if (this.checkout.phase === 'sending') return true;
    switch (action) {
      case 'exact-cash':
        void this.checkout.exactCash();
        return true;
      case 'pay':
        this.checkout.openDialog();
        return true;
      case 'find':
        this.focusScan();
        return true;
      case 'customer':
        this.open('customer');
        return true;
      case 'discount':
        this.open('line-discount');
        return true;
      case 'price':
        this.open('price');
        return true;
      case 'line-note':
        this.open('line-note');
        return true;
      case 'size':
        this.open('size');
        return true;
      case 'hold':
        if (!this.cart.isEmpty) void this.cart.hold();
        return true;
      case 'recall':
        this.open('held');
        return true;
      case 'undo':
        if (this.cart.view?.can_undo === true) void this.cart.undo();
        return true;
      case 'line-up':
        this.cart.step(-1);
        return true;
      case 'line-down':
        this.cart.step(1);
        return true;
      case 'more':
        void this.cart.nudge(1);
        return true;
      case 'less':
        void this.cart.nudge(-1);
        return true;
      case 'remove-line':
        if (this.cart.selected !== null) void this.cart.remove(this.cart.selected);
        return true;
      case 'clear-cart':
        if (!this.cart.isEmpty) void this.cart.clear();
        return true;
      case 'help':
      case 'go-sell':
      case 'go-products':
      case 'go-sync':
      case 'go-conflicts':
      case 'go-customers':
      case 'go-cash':
      case 'go-settings':
      case 'new-sale':
      case 'print':
        return false;
    }
  }
}
