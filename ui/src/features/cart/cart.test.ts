import { beforeEach, describe, expect, it } from 'vitest';
import { HostError } from '$lib/host/host';
import { Notices } from '$features/notices/notices.svelte';
import { Session } from '$features/shell/session.svelte';
import { FakeHost, later } from '../../../tests/fakeHost';
import { cart, line } from '../../../tests/samples';
import { CartController } from './cart.svelte';
import type { CartView } from '$lib/host/bindings/CartView';

let host: FakeHost;
let notices: Notices;
let controller: CartController;

beforeEach(() => {
  host = new FakeHost();
  notices = new Notices();
  controller = new CartController(new Session(host, notices));
});

describe('cart', () => {
  it('sends scans one after the other, so that a slow machine loses and reorders none', async () => {
    const first = later<CartView>();
    host.on('cart.scan', ({ code }) => (code === 'A' ? first.promise : cart([line('a'), line('b')])));
    const scans = [controller.scan('A'), controller.scan('B')];
    await Promise.resolve();
    expect(host.requests('cart.scan')).toEqual([{ code: 'A' }]);
    first.resolve(cart([line('a')]));
    expect(await Promise.all(scans)).toEqual([true, true]);
    expect(host.requests('cart.scan')).toEqual([{ code: 'A' }, { code: 'B' }]);
    expect(controller.lines.length).toBe(2);
  });

  it('chooses the line that was added or grew', async () => {
    host.on('cart.scan', ({ code }) => (code === 'B' ? cart([line('a'), line('b')]) : cart([line('a', 2000), line('b')])));
    await controller.scan('B');
    expect(controller.selected?.item.line_id).toBe('b');
    await controller.scan('A');
    expect(controller.selected?.item.line_id).toBe('a');
  });

  it('keeps the cart and says why when a code is unknown, and forgets it at the next good scan', async () => {
    host.on('cart.get', () => cart([line('a')]));
    await controller.refresh();
    host.on('cart.scan', ({ code }) => {
      throw new HostError('product.not_found', { code });
    });
    expect(await controller.scan('999')).toBe(false);
    expect(controller.lines.length).toBe(1);
    expect(notices.shown.map((n) => [n.tone, n.title])).toEqual([['danger', 'Code inconnu\u00a0: 999']]);
    host.on('cart.scan', () => cart([line('a'), line('b')]));
    await controller.scan('B');
    expect(notices.shown).toEqual([]);
  });

  it('takes the line away with its last piece instead of going below zero', async () => {
    host.on('cart.get', () => cart([line('a', 500)])).on('cart.set_line', () => cart([]));
    await controller.refresh();
    await controller.nudge(-1);
    expect(host.requests('cart.set_line')[0]).toMatchObject({ line_id: 'a', qty: 0 });
  });

  it('shows the cart as it is after an answer that a line is gone', async () => {
    host.on('cart.get', () => cart([line('a')]));
    await controller.refresh();
    host.on('cart.get', () => cart([]));
    host.on('cart.set_line', () => {
      throw new HostError('cart.line_not_found');
    });
    const gone = controller.selected;
    if (gone === null) throw new Error('the cart has a line');
    await controller.remove(gone);
    expect(controller.isEmpty).toBe(true);
  });

  it('asks again when something else changed the cart or the stock', async () => {
    host.on('cart.get', () => cart([]));
    const stop = controller.start();
    await controller.settled();
    host.tell('customers');
    host.tell('stock');
    await controller.settled();
    stop();
    host.tell('cart');
    expect(host.requests('cart.get').length, 'once at the start, once for stock').toBe(2);
  });

  it('follows what other registers hold and take while the list is open', async () => {
    const held = { cart_id: 'h', held_at_ms: 0, title: 'Awa', lines: 1, total: 1000, register: 'Caisse 2', cashier: 'Binta', here: false };
    host.on('cart.get', () => cart([])).on('cart.held', () => [held]);
    const stop = controller.start();
    await controller.loadHeld();
    host.on('cart.held', () => []);
    host.tell('cart');
    await controller.settled();
    await Promise.resolve();
    expect(controller.held).toEqual([]);
    stop();
  });

  it('names a pack by its unit and size, and the single unit by neither', async () => {
    host.on('cart.set_pack', () => cart([line('a')]));
    await controller.setSize(line('a'), { unit: 'carton', size: 24000, price: 1 });
    await controller.setSize(line('a'), { unit: 'pcs', size: null, price: 1 });
    expect(host.requests('cart.set_pack')).toEqual([
      { line_id: 'a', unit: 'carton', size: 24000 },
      { line_id: 'a', unit: null, size: null },
    ]);
  });
});
