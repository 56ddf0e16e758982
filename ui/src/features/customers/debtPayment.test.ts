import { beforeEach, describe, expect, it } from 'vitest';
import type { AccountPaid } from '$lib/host/bindings/AccountPaid';
import { HostError } from '$lib/host/host';
import { Notices } from '$features/notices/notices.svelte';
import { Session } from '$features/shell/session.svelte';
import { FakeHost, later } from '../../../tests/fakeHost';
import { DebtPayment } from './debtPayment.svelte';

const PAID: AccountPaid = {
  document_id: 'd1',
  number: 'R1-000009',
  customer: { customer_id: 'c1', code: null, name: 'Binta', phone: null, note: null, credit_limit: null },
  amount: 5000,
  tenders: [],
  change: 0,
  standing: { balance: 0, debt: 0, credit: 0, limit: 0, available: 0 },
  sync: 'queued',
};

let host: FakeHost;
let payment: DebtPayment;

beforeEach(() => {
  host = new FakeHost().on('account.pay', () => PAID);
  payment = new DebtPayment(new Session(host, new Notices()), 'c1');
});

describe('a payment of a debt', () => {
  it('is made once, however often the button is pressed', async () => {
    const answer = later<AccountPaid>();
    host.on('account.pay', () => answer.promise);
    const first = payment.pay('cash', 5000, '');
    await payment.pay('cash', 5000, '');
    answer.resolve(PAID);
    await first;
    await payment.pay('cash', 5000, '');
    expect(host.requests('account.pay').length).toBe(1);
    expect(payment.paid).toEqual(PAID);
  });

  it('asks for the same payment again after no answer', async () => {
    host.on('account.pay', () => Promise.reject(new HostError('host.timeout', {})));
    await payment.pay('mobile', 5000, ' OM-1 ');
    expect(payment.phase).toBe('unknown');
    host.on('account.pay', () => PAID);
    await payment.pay('cash', 1, '');
    const [before, after] = host.requests('account.pay');
    expect(after).toEqual(before);
    expect(before?.tenders).toEqual([{ kind: 'mobile', amount: 5000, reference: 'OM-1' }]);
  });

  it('asks what becomes of more than the debt, and does what is said', async () => {
    host.on('account.pay', (r) =>
      r.beyond_debt === 'refuse' && r.amount === 7000 ? Promise.reject(new HostError('account.overpaid', { debt: 5000, amount: 7000, excess: 2000 })) : PAID,
    );
    await payment.pay('cash', 7000, '');
    expect(payment.question).toMatchObject({ debt: 5000, excess: 2000 });
    payment.reconsider();
    expect(payment.question).toBeNull();
    await payment.pay('cash', 7000, '');
    await payment.giveBack();
    expect(host.requests('account.pay').at(-1)).toMatchObject({ amount: 5000, beyond_debt: 'refuse', tenders: [{ kind: 'cash', amount: 7000 }] });
  });

  it('keeps the rest as store credit only when somebody says so', async () => {
    host.on('account.pay', (r) =>
      r.beyond_debt === 'refuse' ? Promise.reject(new HostError('account.overpaid', { debt: 5000, amount: 7000, excess: 2000 })) : PAID,
    );
    await payment.keepAsCredit();
    expect(host.requests('account.pay')).toEqual([]);
    await payment.pay('card', 7000, 'T1');
    await payment.keepAsCredit();
    expect(host.requests('account.pay').at(-1)).toMatchObject({ amount: 7000, beyond_debt: 'store_credit' });
  });
});
