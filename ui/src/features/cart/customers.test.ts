import { beforeEach, describe, expect, it } from 'vitest';
import type { AccountStanding } from '$lib/host/bindings/AccountStanding';
import type { Customer } from '$lib/host/bindings/Customer';
import { HostError } from '$lib/host/host';
import { Notices } from '$features/notices/notices.svelte';
import { Session } from '$features/shell/session.svelte';
import { FakeHost } from '../../../tests/fakeHost';
import { customerForm, Customers } from './customers.svelte';

const BINTA: Customer = { customer_id: 'c1', code: null, name: 'Binta', phone: '622000001', note: null, credit_limit: null };
const EVEN: AccountStanding = { balance: 0, debt: 0, credit: 0, limit: 0, available: 0 };

let host: FakeHost;
let notices: Notices;
let customers: Customers;

beforeEach(() => {
  host = new FakeHost().on('customer.list', () => ({ items: [{ customer: BINTA, standing: EVEN, unsynced: false }], next: null, total: null }));
  notices = new Notices();
  customers = new Customers(new Session(host, notices));
});

describe('customers', () => {
  it('are made of what was typed, with nothing where nothing stands', async () => {
    host.on('customer.create', (r) => ({ customer: { ...BINTA, name: r.details.name, phone: r.details.phone }, standing: EVEN, unsynced: true }));
    const saved = await customers.save(null, { name: ' Aïcha ', phone: ' ', note: '', code: '', limit: '' });
    expect(host.requests('customer.create')).toEqual([{ details: { code: null, name: 'Aïcha', phone: null, note: null, credit_limit: null } }]);
    expect(saved?.name).toBe('Aïcha');
  });

  it('are changed under their own id', async () => {
    host.on('customer.update', (r) => ({ customer: { ...BINTA, name: r.details.name }, standing: EVEN, unsynced: true }));
    await customers.save('c1', { name: 'Binta D.', phone: '622000001', note: 'paie le vendredi', code: 'B7', limit: '250 000' });
    expect(host.requests('customer.update')).toEqual([
      { customer_id: 'c1', details: { code: 'B7', name: 'Binta D.', phone: '622000001', note: 'paie le vendredi', credit_limit: '250000' } },
    ]);
  });

  it('stay in the form when the program refuses them, and it is said why', async () => {
    host.on('customer.update', () => Promise.reject(new HostError('customer.duplicate_phone', { phone: '622', name: 'Mamadou' })));
    expect(await customers.save('c1', { name: 'Binta', phone: '622', note: '', code: '', limit: '' })).toBeNull();
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
    host.on('customer.delete', () => 'anonymised');
    expect(await customers.remove(BINTA)).toBe('anonymised');
    expect(host.requests('customer.delete')).toEqual([{ customer_id: 'c1' }]);
  });

  it('begin with what was searched: a number is a telephone, the rest a name', () => {
    expect(customerForm(null, '622 00', String)).toEqual({ name: '', phone: '622 00', note: '', code: '', limit: '' });
    expect(customerForm(null, 'Aïcha', String)).toEqual({ name: 'Aïcha', phone: '', note: '', code: '', limit: '' });
    expect(customerForm({ ...BINTA, credit_limit: 5000 }, 'whatever', String)).toEqual({ name: 'Binta', phone: '622000001', note: '', code: '', limit: '5000' });
  });
});
