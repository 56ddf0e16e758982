import { beforeEach, describe, expect, it } from 'vitest';
import type { Customer } from '$lib/host/bindings/Customer';
import { HostError } from '$lib/host/host';
import { Notices } from '$features/notices/notices.svelte';
import { Session } from '$features/shell/session.svelte';
import { FakeHost } from '../../../tests/fakeHost';
import { customerForm, Customers } from './customers.svelte';

const BINTA: Customer = { customer_id: 'c1', code: null, name: 'Binta', phone: '622000001', note: null };

let host: FakeHost;
let notices: Notices;
let customers: Customers;

beforeEach(() => {
  host = new FakeHost().on('customer.list', () => ({ items: [{ customer: BINTA, unsynced: false }], next: null, total: null }));
  notices = new Notices();
  customers = new Customers(new Session(host, notices));
});

describe('customers', () => {
  it('are made of what was typed, with nothing where nothing stands', async () => {
    host.on('customer.create', (r) => ({ customer: { ...BINTA, name: r.name, phone: r.phone }, unsynced: true }));
    const saved = await customers.save(null, { name: ' Aïcha ', phone: ' ', note: '' });
    expect(host.requests('customer.create')).toEqual([{ name: 'Aïcha', phone: null, note: null }]);
    expect(saved?.name).toBe('Aïcha');
  });

  it('are changed under their own id', async () => {
    host.on('customer.update', (r) => ({ customer: { ...BINTA, name: r.name }, unsynced: true }));
    await customers.save('c1', { name: 'Binta D.', phone: '622000001', note: 'paie le vendredi' });
    expect(host.requests('customer.update')).toEqual([{ customer_id: 'c1', name: 'Binta D.', phone: '622000001', note: 'paie le vendredi' }]);
  });

  it('stay in the form when the program refuses them, and it is said why', async () => {
    host.on('customer.update', () => Promise.reject(new HostError('customer.duplicate_phone', { phone: '622', name: 'Mamadou' })));
    expect(await customers.save('c1', { name: 'Binta', phone: '622', note: '' })).toBeNull();
    expect(notices.shown.map((n) => n.tone)).toEqual(['danger']);
  });

  it('leave the list when another register deletes them', async () => {
    const stop = customers.start();
    await Promise.resolve();
    host.on('customer.list', () => ({ items: [], next: null, total: null }));
    host.tell('customers');
    await Promise.resolve();
    await Promise.resolve();
    expect(host.requests('customer.list').length).toBe(2);
    stop();
  });

  it('are deleted by id', async () => {
    host.on('customer.delete', () => null);
    expect(await customers.remove(BINTA)).toBe(true);
    expect(host.requests('customer.delete')).toEqual([{ customer_id: 'c1' }]);
  });

  it('begin with what was searched: a number is a telephone, the rest a name', () => {
    expect(customerForm(null, '622 00')).toEqual({ name: '', phone: '622 00', note: '' });
    expect(customerForm(null, 'Aïcha')).toEqual({ name: 'Aïcha', phone: '', note: '' });
    expect(customerForm(BINTA, 'whatever')).toEqual({ name: 'Binta', phone: '622000001', note: '' });
  });
});
