import { beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from '$lib/host/bindings/AuditEntry';
import type { StrategyView } from '$lib/host/bindings/StrategyView';
import { HostError } from '$lib/host/host';
import { Notices } from '$features/notices/notices.svelte';
import { Session } from '$features/shell/session.svelte';
import { FakeHost } from '../../../tests/fakeHost';
import { auditDetail, auditWords } from './auditWords';
import { Strategies } from './strategies.svelte';

const reading = { language: 'fr', currency: { code: 'GNF', exponent: 0 } } as const;
const entry = (what: string, params: AuditEntry['params']): AuditEntry => ({ audit_no: 1, at_ms: 0, what, subject: '', actor: 'Binta', params });

describe('the audit trail', () => {
  it('says settings, prices and decisions as people do, without codes', () => {
    expect(auditDetail(entry('setting.changed', { key: 'sales_need_server', value: true }), reading)).toBe('Vendre seulement avec le serveur\u00a0: Oui');
    expect(auditDetail(entry('price.overridden', { code: 'RIZ-5KG', name: 'Riz', from: 62000, to: 50000 }), reading)).toBe(
      'Riz · 62\u202f000\u00a0GNF → 50\u202f000\u00a0GNF',
    );
    expect(auditDetail(entry('conflict.resolved', { choice: 'accept_count', note: 'compté' }), reading)).not.toContain('accept_count');
    expect(auditDetail(entry('sale.refunded', { number: 'R1-000003', reason: 'not_wanted' }), reading)).not.toContain('_');
    expect(auditDetail(entry('sync.discarded', { reason: 'vu avec Awa' }), reading)).toContain('vu avec Awa');
    expect(auditDetail(entry('setting.changed', { key: 'strategies', value: { 'product.price': 'manual' } }), reading)).not.toMatch(/[{}]/);
  });
});

describe('what was done', () => {
  it.each(['sale.refunded', 'sale.voided', 'sale.exchanged', 'cart.taken_twice', 'customer.deleted', 'account.paid', 'cash.moved', 'shift.closed'])(
    'is said in words: %s',
    (action) => {
      expect(auditWords(action)).not.toBe(action);
    },
  );
});

describe('strategies', () => {
  const view = (entity: string, field: string): StrategyView => ({ entity, field, strategy: 'server_wins', usual: 'server_wins' });
  let host: FakeHost;
  let notices: Notices;
  let strategies: Strategies;

  beforeEach(() => {
    host = new FakeHost().on('setting.strategies', () => [view('product', 'name'), view('product', 'price'), view('customer', 'phone')]);
    notices = new Notices();
    strategies = new Strategies(new Session(host, notices));
  });

  it('stand together by what they are about, in the order of the program', async () => {
    strategies.start();
    await Promise.resolve();
    await Promise.resolve();
    expect(strategies.groups.map((g) => [g.entity, g.fields.map((f) => f.field)])).toEqual([
      ['product', ['name', 'price']],
      ['customer', ['phone']],
    ]);
  });

  it('show what holds again when the choice is refused, and say why', async () => {
    host.on('setting.set_strategy', () => Promise.reject(new HostError('permission.denied', { permission: 'change_settings' })));
    await strategies.choose(view('product', 'price'), 'manual');
    expect(host.requests('setting.strategies').length, 'asked again').toBe(1);
    expect(notices.shown.map((n) => n.tone)).toEqual(['danger']);
  });
});
