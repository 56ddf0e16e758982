import { beforeEach, describe, expect, it } from 'vitest';
import type { BackupList } from '$lib/host/bindings/BackupList';
import type { ComparisonView } from '$lib/host/bindings/ComparisonView';
import type { DeadOperation } from '$lib/host/bindings/DeadOperation';
import type { HealthView } from '$lib/host/bindings/HealthView';
import type { OperationView } from '$lib/host/bindings/OperationView';
import type { QueueEntry } from '$lib/host/bindings/QueueEntry';
import type { RecoveryView } from '$lib/host/bindings/RecoveryView';
import { HostError } from '$lib/host/host';
import { Notices } from '$features/notices/notices.svelte';
import { Session } from '$features/shell/session.svelte';
import { FakeHost, later } from '../../../tests/fakeHost';
import { Backups } from './backups.svelte';
import { comparisonHead, comparisonWords, differenceWords } from './compareWords';
import { SyncPanel } from './sync.svelte';
import { SyncWatch } from './watch.svelte';

const ENTRY: QueueEntry = {
  op_id: 'op-1', seq: 1, kind: 'entity.update', subject: 'Riz', amount: null, state: 'dead', attempts: 1, made_at_ms: 0,
  next_due_at_ms: null, error_code: 'rejected.validation', error_detail: null,
};
const DEAD: DeadOperation = { operation: ENTRY, entity: 'product', field: 'fields.price', detail: null, fields: { price: -1 }, hold: null, waiting: 2 };
const VIEW: OperationView = { operation: ENTRY, mode: 'fact', kind_version: 1, bytes: 10, depends_on: [], waiting: 2, body: '{}', history: [] };
const HEALTH = { alerts: [] } as unknown as HealthView;

let host: FakeHost;
let notices: Notices;
let session: Session;

beforeEach(() => {
  host = new FakeHost()
    .on('sync.queue', () => ({ items: [ENTRY], next: null, total: 1 }))
    .on('sync.history', () => [])
    .on('sync.health', () => HEALTH)
    .on('sync.health_history', () => [])
    .on('sync.dead_list', () => ({ items: [DEAD], next: null, total: 1 }))
    .on('sync.operation', () => VIEW);
  notices = new Notices();
  session = new Session(host, notices);
});

describe('comparing with the server', () => {
  const found = (outcome: ComparisonView['outcome'], differences: ComparisonView['differences'] = []): ComparisonView =>
    ({ at_ms: 0, outcome, rows: 1234, differences });
  const words = (panel: SyncPanel): string => {
    const comparison = panel.comparison;
    return comparison === null ? '' : `${comparisonHead(comparison)}: ${comparisonWords(comparison, String)}`;
  };

  it('says in words how it ended, also when it did not', async () => {
    const said: string[] = [];
    const lost = found('done', [{ entity: 'product', id: 'p-1', subject: 'Riz', what: 'missing' }]);
    for (const answer of [found('done'), lost, found('put_off'), found('not_offered'), null]) {
      host.on('sync.compare', () => answer);
      const panel = new SyncPanel(session, new SyncWatch(host, notices, () => undefined));
      await panel.compare();
      said.push(words(panel));
    }
    expect(new Set(said).size).toBe(5);
    expect(said[0]).toContain('1234');
    expect(differenceWords('missing')).not.toBe(differenceWords('unequal'));
  });
});

describe('a refused operation', () => {
  let panel: SyncPanel;

  beforeEach(async () => {
    panel = new SyncPanel(session, new SyncWatch(host, notices, () => undefined));
    await panel.load();
  });

  it('is opened with what can be done about it', async () => {
    await panel.look('op-1');
    expect(panel.looked?.operation.op_id).toBe('op-1');
    expect(panel.lookedDead?.waiting).toBe(2);
  });

  it('is given up with its reason, and the dialog leaves', async () => {
    host.on('sync.discard', () => ({ freed: 2 }));
    await panel.look('op-1');
    await panel.discard('op-1', ' doublon ');
    expect(host.requests('sync.discard')).toEqual([{ op_id: 'op-1', reason: 'doublon' }]);
    expect(panel.looked).toBeNull();
    expect(notices.shown[0]?.title).toContain('2 opérations');
  });

  it('stays open when its correction is refused, so that nothing typed is lost', async () => {
    host.on('sync.edit_and_resend', () => Promise.reject(new HostError('input.invalid', { field: 'price', problem: 'not_a_number' })));
    await panel.look('op-1');
    await panel.correct('op-1', { price: 'x' }, '');
    expect(panel.looked).not.toBeNull();
    expect(notices.shown[0]?.title).toContain('Prix');
  });

  it('does not keep a run from being stopped', async () => {
    const round = later<never>();
    host.on('sync.now', () => round.promise).on('sync.cancel', () => Promise.reject(new HostError('sync.not_joined')));
    const running = panel.now();
    await panel.cancel();
    expect(host.requests('sync.cancel').length, 'while the round runs').toBe(1);
    round.reject(new HostError('sync.unreachable'));
    await running;
  });
});

describe('backups', () => {
  const list: BackupList = { items: [{ name: 'b1', cause: 'hourly', made_at_ms: 1, bytes: 10 }], folder: null, warnings: [], free_bytes: null, verified_at_ms: null };
  const counts = { sales: 1, products: 2, customers: 3, stock: 4000, pending: 0 };
  const recovery: RecoveryView = { report: null, now: counts, fenced: false, reading: null };
  let backups: Backups;

  beforeEach(() => {
    host.on('backup.list', () => list).on('recovery.report', () => recovery);
    backups = new Backups(session);
  });

  it('are restored by name; the window then asks anew what lies under it', async () => {
    host.on('backup.restore', () => ({ at_ms: 1 }) as never).on('app.state', () => Promise.reject(new HostError('app.not_set_up')));
    expect(await backups.restore('b1')).toBe(true);
    expect(host.requests('backup.restore')).toEqual([{ name: 'b1' }]);
    expect(host.requests('app.state').length).toBe(1);
  });

  it('are not said to be restored when the program refuses', async () => {
    host.on('backup.restore', () => Promise.reject(new HostError('backup.unsound', { name: 'b1', detail: 'x' }))).on('app.state', () => Promise.reject(new HostError('internal')));
    expect(await backups.restore('b1')).toBe(false);
    expect(notices.shown[0]?.tone).toBe('danger');
  });

  it('go to no second folder when the field is empty', async () => {
    host.on('backup.set_folder', () => list);
    await backups.setFolder('  ');
    expect(host.requests('backup.set_folder')).toEqual([{ folder: null }]);
  });
});
