/** Small answers for unit tests, complete in shape. */
import type { CartLineView } from '../src/lib/host/bindings/CartLineView';
import type { CartView } from '../src/lib/host/bindings/CartView';
import type { ConflictView } from '../src/lib/host/bindings/ConflictView';
import type { SaleCompleted } from '../src/lib/host/bindings/SaleCompleted';
import type { SyncStatusView } from '../src/lib/host/bindings/SyncStatusView';

export function line(id: string, qty = 1000, price = 1000): CartLineView {
  return {
    item: {
      line_id: id,
      product_id: `p-${id}`,
      code: id.toUpperCase(),
      name: `Product ${id}`,
      unit: 'pcs',
      qty,
      unit_price: price,
      catalogue_price: price,
      tax_rate: 0,
      discount: null,
      track_stock: true,
    },
    amounts: { list_amount: price, line_discount: 0, cart_discount: 0, net: price, tax: 0, gross: price },
    picture: null,
    stock: null,
    notice: null,
    tracking: 'none',
    missing_serials: 0,
    sizes: [],
  };
}

export function cart(lines: CartLineView[], payable = 1000 * lines.length): CartView {
  return {
    cart_id: 'cart',
    lines,
    pieces: lines.length,
    discount: null,
    customer_id: null,
    customer: null,
    standing: null,
    note: null,
    discount_total: 0,
    net: payable,
    tax: 0,
    taxes: [],
    total: payable,
    payable_cash: payable,
    payable_other: payable,
    quick_cash: [payable],
    can_undo: false,
    held: 0,
    taken_elsewhere: false,
  };
}

export function sold(payable: number, tendered = payable, notices: SaleCompleted['notices'] = []): SaleCompleted {
  const document: SaleCompleted['receipt']['document'] = {
    head: {
      sale_id: 'sale',
      kind: 'sale',
      business: 'Shop',
      outlet_id: 'o',
      outlet: 'Shop',
      device_id: 'd',
      register: 'Register 1',
      cashier_id: 'c',
      cashier: 'Aminata',
      currency: { code: 'GNF', exponent: 0 },
      rules: { prices_include_tax: true, line_rounding: 'half-up' },
      cash_rounding: null,
      sold_at_ms: 0,
      document_date: null,
      external_number: null,
      original: null,
    },
    customer: null,
    lines: [],
    discount: null,
    note: null,
    taxes: [],
    discount_total: 0,
    net: payable,
    tax: 0,
    total: payable,
    tenders: [{ kind: 'cash', amount: tendered, reference: null }],
    settlement: { rounding: 0, payable, tendered, change: tendered - payable },
  };
  return {
    sale_id: 'sale',
    number: 'C1-000001',
    sync: 'applied',
    total: payable,
    rounding: 0,
    payable,
    tendered,
    change: tendered - payable,
    notices,
    receipt: { sale_id: 'sale', number: 'C1-000001', document, text: [], duplicate: false, sync: 'applied' },
  };
}

export function status(change: Partial<SyncStatusView> = {}): SyncStatusView {
  return {
    state: 'synced',
    joined: true,
    online: true,
    paused: false,
    pending: 0,
    in_flight: 0,
    failed: 0,
    dead: 0,
    conflicts_open: 0,
    pictures: { to_send: 0, to_fetch: 0, broken: 0 },
    oldest_pending_ms: null,
    last_success_ms: null,
    next_attempt_ms: null,
    last_error: null,
    alarm: null,
    first_sync: null,
    ...change,
  };
}

export function conflict(id: string, change: Partial<ConflictView['conflict']> = {}): ConflictView {
  return {
    conflict: {
      conflict_id: id,
      kind: 'edit_edit',
      status: 'open',
      entity: 'product',
      entity_id: 'p',
      title: 'Oil',
      op_id: 'op',
      device_id: 'd',
      register: 'Register 1',
      other_register: 'Register 2',
      opened_at_ms: 0,
      fields: [
        { field: 'price', base: 100, incoming: 110, current: 120, strategy: 'manual' },
        { field: 'name', base: 'Oil', incoming: 'Oil 1 L', current: 'Sunflower oil', strategy: 'manual' },
      ],
      shortages: [],
      prices: [],
      sale_id: null,
      choices: [
        { choice: 'keep_mine', stock: [], cash: 0, reversible: true },
        { choice: 'merge', stock: [], cash: 0, reversible: true },
      ],
      events: [],
      ...change,
    },
    mine: true,
    sale_number: null,
    deciding: false,
    can_reopen: false,
  };
}
