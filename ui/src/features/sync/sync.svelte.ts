/** The sync panel: the queue, its history and health, and what a person may do with it. */
import type { DryRun } from '$lib/host/bindings/DryRun';
import type { HealthView } from '$lib/host/bindings/HealthView';
import type { QueueEntry } from '$lib/host/bindings/QueueEntry';
import type { SyncRunView } from '$lib/host/bindings/SyncRunView';
import type { VerifyReport } from '$lib/host/bindings/VerifyReport';
import { m } from '$lib/paraglide/messages';
import { formatCount } from '$lib/format/number';
import type { Session } from '$features/shell/session.svelte';
import type { SyncWatch } from './watch.svelte';

const PAGE = 200;
const HISTORY = 100;
const TOPIC = 'sync';

/** What is under way; one thing at a time. */
export type Work = 'none' | 'now' | 'dry-run' | 'pause' | 'retry' | 'verify';

export class SyncPanel {
  #queue = $state.raw<readonly QueueEntry[]>([]);
  #queueTotal = $state<number | null>(null);
  #history = $state.raw<readonly SyncRunView[]>([]);
  #health = $state.raw<HealthView | null>(null);
  #dryRun = $state.raw<DryRun | null>(null);
  #verify = $state.raw<VerifyReport | null>(null);
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

  get dryRun(): DryRun | null {
    return this.#dryRun;
  }

  get verifyReport(): VerifyReport | null {
    return this.#verify;
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
      const [queue, history, health] = await Promise.all([
        host.call('sync.queue', { acknowledged: false, after: null, limit: PAGE }),
        host.call('sync.history', { limit: HISTORY }),
        host.call('sync.health', {}),
      ]);
      if (question !== this.#question) return;
      this.#queue = queue.items;
      this.#queueTotal = queue.total;
      this.#next = queue.next;
      this.#history = history;
      this.#health = health;
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

  verify(): Promise<void> {
    return this.#do('verify', async () => {
      this.#verify = await this.session.host.call('verify.run', { full: true });
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
