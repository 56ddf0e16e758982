import { beforeEach, describe, expect, it } from 'vitest';
import { HostError } from '$lib/host/host';
import { CartController } from '$features/cart/cart.svelte';
import { SellRoom } from '$features/cart/room.svelte';
import { Notices } from '$features/notices/notices.svelte';
import { Checkout } from '$features/pay/checkout.svelte';
import { Session } from '$features/shell/session.svelte';
import { FakeHost } from '../../../tests/fakeHost';
import { cart, line } from '../../../tests/samples';
import { TradeInForm } from './tradeIn.svelte';

let host: FakeHost;
let notices: Notices;
let controller: CartController;
let room: SellRoom;
let form: TradeInForm;

beforeEach(() => {
  host = new FakeHost();
  notices = new Notices();
  const session = new Session(host, notices);
  controller = new CartController(session);
  room = new SellRoom(controller, new Checkout(session, controller));
  form = new TradeInForm(session, controller);
});

describe('a trade-in', () => {
  it('says beside the field what is wrong with a number, and nothing twice', async () => {
    form.choose({ product_id: 'p1', name: 'Phone' } as never);
    host.on('cart.trade_in', () => Promise.reject(new HostError('input.invalid', { field: 'serial', problem: 'check_digit' })));
    expect(await form.confirm()).toBe(false);
    expect(form.errorOf('serial')).toBeDefined();
    expect(notices.shown).toEqual([]);
  });

  it('is of something: without a product it is not sent', async () => {
    expect(await form.confirm()).toBe(false);
    expect(form.errorOf('product')).toBeDefined();
    expect(host.requests('cart.trade_in')).toEqual([]);
  });

  it('makes a new second-hand product once, however often the number was wrong', async () => {
    form.making = true;
    form.serial = '490154203237518';
    host.on('product.create', () => ({ product: { product_id: 'made' } }) as never);
    host.on('cart.trade_in', () => Promise.reject(new HostError('input.invalid', { field: 'serial', problem: 'check_digit' })));
    await form.confirm();
    host.on('cart.trade_in', () => cart([line('a')], -1000));
    expect(await form.confirm()).toBe(true);
    expect(host.requests('product.create').length).toBe(1);
    expect(host.requests('cart.trade_in').at(-1)).toMatchObject({ product_id: 'made' });
  });
});

describe('a number', () => {
  it('is asked for as soon as what bears one is rung up', async () => {
    host.on('cart.scan', () => cart([{ ...line('a'), tracking: 'imei', missing_serials: 1 }], 1000));
    await room.scan('PHONE');
    expect(room.dialog).toBe('serials');
  });

  it('that is scanned while a dialog asks for one goes there and not into the cart', () => {
    const codes: string[] = [];
    expect(room.caught('1')).toBe(false);
    const stop = room.catchScans((code) => codes.push(code));
    expect(room.caught('2')).toBe(true);
    stop();
    expect(room.caught('3')).toBe(false);
    expect(codes).toEqual(['2']);
  });
});
