/** The sync panel: the queue, its history and health, and what a person may do with it. */
import type { ComparisonView } from '$lib/host/bindings/ComparisonView';
import type { AlertThresholds } from '$lib/host/bindings/AlertThresholds';
import type { DeadOperation } from '$lib/host/bindings/DeadOperation';
import type { DryRun } from '$lib/host/bindings/DryRun';
import type { ExportFormat } from '$lib/host/bindings/ExportFormat';
import type { ExportScope } from '$lib/host/bindings/ExportScope';
import type { HealthSample } from '$lib/host/bindings/HealthSample';
import type { HealthView } from '$lib/host/bindings/HealthView';
import type { OperationView } from '$lib/host/bindings/OperationView';
import type { QueueEntry } from '$lib/host/bindings/QueueEntry';
import type { SyncRunView } from '$lib/host/bindings/SyncRunView';
import type { VerifyReport } from '$lib/host/bindings/VerifyReport';
import { m } from '$lib/paraglide/messages';
import { formatCount } from '$lib/format/number';
import type { Session } from '$features/shell/session.svelte';
import type { SyncWatch } from './watch.svelte';

const PAGE = 200;
const HISTORY = 100;
/** The chart is as wide as this: more samples would only be thinner than a line. */
const SAMPLES = 288;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Refused operations that one screen can work through. */
const DEAD = 500;
const TOPIC = 'sync';

/** What is under way; one thing at a time. */
export type Work = 'none' | 'now' | 'dry-run' | 'pause' | 'retry' | 'operation' | 'export' | 'alerts' | 'verify' | 'compare';

/** What a comparison with the server found; unfinished when it stopped answering on the way. */
export type Comparison = ComparisonView | 'unfinished';

export class SyncPanel {
  #queue = $state.raw<readonly QueueEntry[]>([]);
  #queueTotal = $state<number | null>(null);
  #history = $state.raw<readonly SyncRunView[]>([]);
  #health = $state.raw<HealthView | null>(null);
  #samples = $state.raw<readonly HealthSample[]>([]);
  #dead = $state.raw<readonly DeadOperation[]>([]);
  #looked = $state.raw<OperationView | null>(null);
  #dryRun = $state.raw<DryRun | null>(null);
  #verify = $state.raw<VerifyReport | null>(null);
  #comparison = $state.raw<Comparison | null>(null);
  #loaded = $state(false);
  #work = $state<Work>('none');
  #next: string | null = null;
  #question = 0;

  constructor(
    readonly session: Session,
    readonly watch: SyncWatch,
  ) {}

  /** Operations that the server does not have yet, and those that a person must look at. */
  get queue(): readonly QueueEntry[] {
    return this.#queue;
  }

  get queueTotal(): number | null {
    return this.#queueTotal;
  }

  get history(): readonly SyncRunView[] {
    return this.#history;
  }

  get health(): HealthView | null {
    return this.#health;
  }

  /** How it stood during the last day, oldest first. */
  get samples(): readonly HealthSample[] {
    return this.#samples;
  }

  /** Operations that were refused for good and wait for a person. */
  get dead(): readonly DeadOperation[] {
    return this.#dead;
  }

  /** The operation looked at. */
  get looked(): OperationView | null {
    return this.#looked;
  }

  /** What can be done about the operation looked at, when it was refused for good. */
  get lookedDead(): DeadOperation | null {
    const opId = this.#looked?.operation.op_id;
    return this.#dead.find((dead) => dead.operation.op_id === opId) ?? null;
  }

  get dryRun(): DryRun | null {
    return this.#dryRun;
  }

  get verifyReport(): VerifyReport | null {
    return this.#verify;
  }

  /** What the last comparison of this session found. */
  get comparison(): Comparison | null {
    return this.#comparison;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  get work(): Work {
    return this.#work;
  }

  start(): () => void {
    void this.load();
    return this.session.host.onChanged((topics) => {
      if (topics.some((t) => t === 'sync' || t === 'sales' || t === 'conflicts')) void this.load();
    });
  }

  async load(): Promise<void> {
    this.#question += 1;
    const question = this.#question;
    const { host } = this.session;
    try {
      const [queue, history, health, samples, dead] = await Promise.all([
        host.call('sync.queue', { acknowledged: false, after: null, limit: PAGE }),
        host.call('sync.history', { limit: HISTORY }),
        host.call('sync.health', {}),
        host.call('sync.health_history', { since_ms: Date.now() - DAY_MS, limit: SAMPLES }),
        host.call('sync.dead_list', { after: null, limit: DEAD }),
      ]);
      if (question !== this.#question) return;
      this.#queue = queue.items;
      this.#queueTotal = queue.total;
      this.#next = queue.next;
      this.#history = history;
      this.#health = health;
      this.#samples = samples;
      this.#dead = dead.items;
      this.#loaded = true;
    } catch (thrown) {
      if (question === this.#question) this.session.tell(TOPIC, thrown);
    }
  }

  async more(): Promise<void> {
    const next = this.#next;
    this.#next = null;
    if (next === null) return;
    const question = this.#question;
    try {
      const page = await this.session.host.call('sync.queue', { acknowledged: false, after: next, limit: PAGE });
      if (question !== this.#question) return;
      this.#queue = [...this.#queue, ...page.items];
      this.#next = page.next;
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  now(): Promise<void> {
    return this.#do('now', async () => {
      const round = await this.session.host.call('sync.now', {});
      const count = (n: number): string => formatCount(n, this.session.reading.language);
      this.session.notices.say({
        tone: 'ok',
        topic: TOPIC,
        title: m.sync_done(),
        text: m.sync_done_figures({ pushed: count(round.pushed), pulled: count(round.pulled), refused: count(round.refused), conflicts: count(round.conflicts) }),
      });
    });
  }

  tryDry(): Promise<void> {
    return this.#do('dry-run', async () => {
      this.#dryRun = await this.session.host.call('sync.dry_run', {});
    });
  }

  closeDryRun(): void {
    this.#dryRun = null;
  }

  pause(paused: boolean): Promise<void> {
    return this.#do('pause', async () => {
      this.watch.take(await this.session.host.call(paused ? 'sync.pause' : 'sync.resume', {}));
    });
  }

  retry(opId: string): Promise<void> {
    return this.#do('retry', async () => {
      await this.session.host.call('sync.retry', { op_id: opId });
      this.session.notices.say({ tone: 'ok', topic: TOPIC, title: m.queue_retried() });
    });
  }

  retryAll(): Promise<void> {
    return this.#do('retry', async () => {
      const { operations } = await this.session.host.call('sync.retry_all', {});
      this.session.notices.say({ tone: 'ok', topic: TOPIC, title: m.queue_retried_all({ count: operations }) });
    });
  }

  /** Opens one operation with everything that is known of it. */
  look(opId: string): Promise<void> {
    return this.#do('operation', async () => {
      this.#looked = await this.session.host.call('sync.operation', { op_id: opId });
    });
  }

  lookAway(): void {
    this.#looked = null;
  }

  /** Puts a corrected operation in the place of a refused one. */
  correct(opId: string, fields: Record<string, unknown>, reason: string): Promise<void> {
    return this.#do('operation', async () => {
      await this.session.host.call('sync.edit_and_resend', { op_id: opId, fields, reason: reason.trim() === '' ? null : reason.trim() });
      this.#looked = null;
      this.session.notices.say({ tone: 'ok', topic: TOPIC, title: m.op_corrected() });
    });
  }

  /** Gives a refused operation up. */
  discard(opId: string, reason: string): Promise<void> {
    return this.#do('operation', async () => {
      const { freed } = await this.session.host.call('sync.discard', { op_id: opId, reason: reason.trim() });
      this.#looked = null;
      this.session.notices.say({ tone: 'ok', topic: TOPIC, title: m.op_discarded({ count: freed }) });
    });
  }

  /** Writes operations to a file and says where. True when it is written. */
  async export(format: ExportFormat, scope: ExportScope): Promise<boolean> {
    let written = false;
    await this.#do('export', async () => {
      const { file, operations } = await this.session.host.call('sync.export', { format, scope, path: null });
      written = true;
      this.session.notices.say({ tone: 'info', topic: TOPIC, title: m.queue_exported({ count: operations }), text: file });
    });
    return written;
  }

  /** Stops what is under way; it goes on with the next attempt. Works while a round runs: that is what it is for. */
  async cancel(): Promise<void> {
    try {
      this.watch.take(await this.session.host.call('sync.cancel', {}));
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  /** True when the thresholds are set. */
  async setAlerts(thresholds: AlertThresholds): Promise<boolean> {
    let done = false;
    await this.#do('alerts', async () => {
      this.#health = await this.session.host.call('sync.set_alerts', { thresholds });
      done = true;
      this.session.notices.say({ tone: 'ok', topic: TOPIC, title: m.alerts_saved() });
    });
    return done;
  }

  verify(): Promise<void> {
    return this.#do('verify', async () => {
      this.#verify = await this.session.host.call('verify.run', { full: true });
    });
  }

  compare(): Promise<void> {
    return this.#do('compare', async () => {
      this.#comparison = (await this.session.host.call('sync.compare', {})) ?? 'unfinished';
    });
  }

  async #do(work: Exclude<Work, 'none'>, run: () => Promise<void>): Promise<void> {
    if (this.#work !== 'none') return;
    this.#work = work;
    this.session.notices.clear(TOPIC);
    try {
      await run();
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    } finally {
      this.#work = 'none';
    }
    await Promise.all([this.load(), this.watch.refresh()]);
  }
}
