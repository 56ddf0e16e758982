import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SaleCompleted } from '$lib/host/bindings/SaleCompleted';
import type { SettlePreview } from '$lib/host/bindings/SettlePreview';
import { HostError } from '$lib/host/host';
import { CartController } from '$features/cart/cart.svelte';
import { SellRoom } from '$features/cart/room.svelte';
import { Notices } from '$features/notices/notices.svelte';
import { Session } from '$features/shell/session.svelte';
import { FakeHost, later } from '../../../tests/fakeHost';
import { cart, line, sold } from '../../../tests/samples';
import { Checkout } from './checkout.svelte';

let host: FakeHost;
let notices: Notices;
let controller: CartController;
let checkout: Checkout;

beforeEach(async () => {
  vi.useFakeTimers();
  host = new FakeHost().on('cart.get', () => cart([line('a')], 4500));
  notices = new Notices();
  const session = new Session(host, notices);
  controller = new CartController(session);
  checkout = new Checkout(session, controller);
  await controller.refresh();
});

afterEach(() => vi.useRealTimers());

const timeout = new HostError('host.timeout', {}, true);

describe('exactly once', () => {
  it('sells once however often the key is pressed while the sale is made', async () => {
    const answer = later<SaleCompleted>();
    host.on('sale.complete', () => answer.promise);
    const presses = [checkout.exactCash(), checkout.exactCash(), checkout.pay('cash', 4500, '')];
    await vi.advanceTimersByTimeAsync(0);
    answer.resolve(sold(4500));
    await Promise.all(presses);
    expect(host.requests('sale.complete').length).toBe(1);
    expect(checkout.sold?.number).toBe('C1-000001');
  });

  it('does not sell again when the key is pressed at the receipt', async () => {
    host.on('sale.complete', () => sold(4500));
    await checkout.exactCash();
    await checkout.exactCash();
    expect(host.requests('sale.complete').length).toBe(1);
  });

  it('asks for the same sale again when no answer came, also after the dialog was closed', async () => {
    host.on('sale.complete', () => Promise.reject(timeout));
    checkout.openDialog();
    await checkout.pay('cash', 5000, '');
    expect(checkout.phase).toBe('unknown');
    checkout.closeDialog();
    host.on('sale.complete', () => sold(4500, 5000));
    await checkout.exactCash();
    const [first, second] = host.requests('sale.complete');
    expect(second, 'another request id could sell twice').toEqual(first);
    expect(checkout.sold?.change).toBe(500);
  });

  it('makes a new attempt after a refusal: a refused request id stays refused', async () => {
    host.on('sale.complete', () => Promise.reject(new HostError('sale.needs_server')));
    await checkout.exactCash();
    host.on('sale.complete', () => sold(4500));
    await checkout.exactCash();
    const [first, second] = host.requests('sale.complete');
    expect(first?.request_id).not.toBe(second?.request_id);
  });

  it('waits for the scans before it and pays what they come to', async () => {
    host.on('cart.scan', () => cart([line('a'), line('b')], 9000)).on('sale.complete', () => sold(9000));
    void controller.scan('B');
    await checkout.exactCash();
    expect(host.requests('sale.complete')[0]?.tenders).toEqual([{ kind: 'cash', amount: 9000, reference: null }]);
  });

  it('does not sell without the article whose scan has just failed', async () => {
    host.on('cart.scan', () => Promise.reject(new HostError('product.not_found', { code: 'X' })));
    void controller.scan('X');
    await checkout.exactCash();
    expect(host.requests('sale.complete')).toEqual([]);
    expect(checkout.phase).toBe('open');
  });

  it('keeps the change in sight when a hurried hand leaves the receipt at once', async () => {
    host.on('sale.complete', () => sold(4500, 5000));
    await checkout.pay('cash', 5000, '');
    expect(checkout.newSale()).toBe(true);
    expect(checkout.newSale(), 'there is one receipt to leave').toBe(false);
    expect(checkout.last?.change).toBe(500);
  });
});

describe('the change, before it is paid', () => {
  it('is that of the amount in the field, together with what was taken before', async () => {
    host.on('sale.complete', () => Promise.reject(new HostError('sale.underpaid', { missing: 2500 }))).on('cart.settle_preview', () => ({ kind: 'settled', change: 500 }));
    await checkout.pay('mobile', 2000, 'OM-77');
    await checkout.weigh('cash', 3000);
    expect(host.requests('cart.settle_preview')).toEqual([
      { amounts: [{ kind: 'mobile', amount: 2000 }, { kind: 'cash', amount: 3000 }] },
    ]);
    expect(checkout.preview).toEqual({ kind: 'settled', change: 500 });
  });

  it('is never that of an amount that was typed on', async () => {
    const slow = later<SettlePreview>();
    host.on('cart.settle_preview', ({ amounts }) => (amounts[0]?.amount === 5 ? slow.promise : { kind: 'missing', amount: 4450 }));
    const first = checkout.weigh('cash', 5);
    await checkout.weigh('cash', 50);
    slow.resolve({ kind: 'settled', change: 1 });
    await first;
    expect(checkout.preview).toEqual({ kind: 'missing', amount: 4450 });
  });

  it('is not known of something that is no amount', async () => {
    host.on('cart.settle_preview', () => ({ kind: 'settled', change: 0 }));
    await checkout.weigh('cash', 4500);
    await checkout.weigh('cash', null);
    expect(checkout.preview).toBeNull();
  });
});

describe('several payments', () => {
  it('keeps a part and asks for the rest that Rust names', async () => {
    host.on('sale.complete', () => Promise.reject(new HostError('sale.underpaid', { missing: 2500 })));
    host.on('cart.quick_cash', ({ amount }) => [amount, 3000, 5000]);
    checkout.openDialog();
    await checkout.pay('mobile', 2000, ' OM-77 ');
    expect(checkout.tenders).toEqual([{ kind: 'mobile', amount: 2000, reference: 'OM-77' }]);
    expect(checkout.due('cash')).toBe(2500);
    expect(checkout.quickCash, 'notes for the rest, not for the whole').toEqual([2500, 3000, 5000]);
    expect(notices.shown, 'a part is no error').toEqual([]);
    host.on('sale.complete', () => sold(4500));
    await checkout.pay('cash', 2500, '');
    expect(host.requests('sale.complete').at(-1)?.tenders).toEqual([
      { kind: 'mobile', amount: 2000, reference: 'OM-77' },
      { kind: 'cash', amount: 2500, reference: null },
    ]);
  });

  it('forgets parts when the dialog is closed', async () => {
    host.on('sale.complete', () => Promise.reject(new HostError('sale.underpaid', { missing: 2500 })));
    checkout.openDialog();
    await checkout.pay('cash', 2000, '');
    checkout.closeDialog();
    expect(checkout.due('cash')).toBe(4500);
  });
});

describe('refusals', () => {
  it('closes the dialog, gives the cart back and says what is available', async () => {
    const lines = [{ product_id: 'p', code: 'A', name: 'Sucre', asked: 2000, available: 1000 }];
    host.on('sale.complete', () => Promise.reject(new HostError('sale.insufficient_stock', { lines })));
    checkout.openDialog();
    await checkout.pay('cash', 5000, '');
    expect(checkout.dialogOpen).toBe(false);
    expect(checkout.sold).toBeNull();
    expect(controller.lines.length).toBe(1);
    expect(notices.shown[0]?.details).toEqual(['Sucre\u00a0: demandé 2, disponible 1']);
  });

  it('says it when the sale stands but the printer does not', async () => {
    host.on('sale.complete', () => sold(4500, 4500, [{ kind: 'not_printed', detail: 'no paper' }]));
    await checkout.exactCash();
    expect(checkout.sold).not.toBeNull();
    expect(notices.shown.map((n) => n.tone)).toEqual(['warn']);
  });
});

describe('a scan at any moment', () => {
  it('begins the next sale when the receipt is on the screen', async () => {
    host.on('sale.complete', () => sold(4500)).on('cart.scan', () => cart([line('b')]));
    await checkout.exactCash();
    expect(await new SellRoom(controller, checkout).scan('B')).toBe(true);
    expect(checkout.sold).toBeNull();
  });

  it('waits for a sale under way, so that two customers never share a cart', async () => {
    const answer = later<SaleCompleted>();
    host.on('sale.complete', () => answer.promise).on('cart.scan', () => cart([line('b')]));
    const paying = checkout.exactCash();
    const scanning = new SellRoom(controller, checkout).scan('B');
    await vi.advanceTimersByTimeAsync(0);
    expect(host.requests('cart.scan')).toEqual([]);
    answer.resolve(sold(4500));
    await Promise.all([paying, scanning]);
    expect(host.calls.map((c) => c.name).filter((n) => n === 'sale.complete' || n === 'cart.scan')).toEqual(['sale.complete', 'cart.scan']);
  });

  it('interrupts a payment that has not begun: the goods belong to this cart', async () => {
    host.on('cart.scan', () => cart([line('a'), line('b')], 9000));
    checkout.openDialog();
    await new SellRoom(controller, checkout).scan('B');
    expect(checkout.dialogOpen).toBe(false);
    expect(checkout.due('cash')).toBe(9000);
  });
});
