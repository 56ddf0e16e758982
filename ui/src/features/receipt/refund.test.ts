import { beforeEach, describe, expect, it, vi } from 'vitest';
import { HostError } from '$lib/host/host';
import type { RefundDraft } from '$lib/host/bindings/RefundDraft';
import type { RefundLineView } from '$lib/host/bindings/RefundLineView';
import { Notices } from '$features/notices/notices.svelte';
import { Asking, withApprovals } from '$features/people/asking.svelte';
import { Session } from '$features/shell/session.svelte';
import { FakeHost } from '../../../tests/fakeHost';
import { sold } from '../../../tests/samples';
import { Refund } from './refund.svelte';

const PHONES: RefundLineView = { line_id: 'l1', product_id: 'p1', code: 'PHONE', name: 'Phone', unit: 'pcs', sold: 2000, left: 2000, left_paid: 2_000_000, serials: ['A', 'B'] };
const DRAFT: RefundDraft = { number: 'R1-000001', source: 'here', sale_id: 's1', sold_at_ms: 0, register: 'Caisse 1', customer: null, lines: [PHONES], tenders: [], void_refusal: null };
const QUOTE = { back: 1_000_000, instead: 0, pays_back: true, payable_cash: 1_000_000, payable_other: 1_000_000, proposed: [{ kind: 'cash' as const, amount: 1_000_000, reference: null }] };

let host: FakeHost;
let asking: Asking;
let refund: Refund;

beforeEach(async () => {
  host = new FakeHost().on('refund.draft', () => DRAFT).on('refund.quote', () => QUOTE);
  asking = new Asking();
  refund = new Refund(new Session(withApprovals(host, asking), new Notices()));
  await refund.load('R1-000001');
});

describe('goods that come back', () => {
  it('are the very pieces that were pointed at', async () => {
    await refund.point(PHONES, 'B');
    expect(refund.chosen(PHONES)).toBe(1000);
    expect(host.requests('refund.quote').at(-1)?.lines).toEqual([{ line_id: 'l1', code: null, qty: 1000, unit_price: null, serials: ['B'] }]);
    await refund.step(PHONES, 1);
    expect(refund.serials(PHONES), 'one more is the other one').toEqual(['B', 'A']);
    await refund.step(PHONES, -1);
    expect(refund.serials(PHONES)).toEqual(['B']);
  });

  it('wait for the yes of somebody who may, and are given back once with it', async () => {
    await refund.point(PHONES, 'A');
    const refused = new HostError('permission.denied', { permission: 'refund', subject: 's1', line_id: null, amount: 1_000_000 });
    host.on('refund.complete', ({ approval_id: yes }) => (yes === null ? Promise.reject(refused) : sold(0)));
    const done = refund.confirm(null);
    await vi.waitFor(() => expect(asking.asked).not.toBeNull());
    asking.answer('yes-1');
    expect(await done).not.toBeNull();
    const [first, second] = host.requests('refund.complete');
    expect(second).toEqual({ ...first, approval_id: 'yes-1' });
  });

  it('may become credit of the customer at the counter', async () => {
    await refund.chooseAll();
    refund.way = 'account';
    host.on('refund.complete', () => sold(0));
    await refund.confirm('mariam');
    expect(host.requests('refund.complete')[0]).toMatchObject({ customer_id: 'mariam', tenders: [{ kind: 'account', amount: 1_000_000 }] });
  });
});
