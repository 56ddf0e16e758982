/**
 * The sync state that every screen shows, and the announcement of new conflicts.
 *
 * Refreshes when told that sync changed, and by itself from time to time: an indicator that depends on
 * events alone would be wrong for ever after one lost event.
 */
import type { SyncStateWord } from '$lib/host/bindings/SyncStateWord';
import type { SyncStatusView } from '$lib/host/bindings/SyncStatusView';
import type { Host } from '$lib/host/host';
import { m } from '$lib/paraglide/messages';
import type { Notices } from '$features/notices/notices.svelte';

export const REFRESH_MS = 5000;

export class SyncWatch {
  #status = $state.raw<SyncStatusView | null>(null);
  /** Open conflicts at the last look; null before the first. */
  #known: number | null = null;

  constructor(
    readonly host: Host,
    readonly notices: Notices,
    /** Leads to the conflicts. */
    readonly openConflicts: () => void,
  ) {}

  get status(): SyncStatusView | null {
    return this.#status;
  }

  get state(): SyncStateWord {
    return this.#status?.state ?? 'offline';
  }

  get dead(): number {
    return this.#status?.dead ?? 0;
  }

  get conflictsOpen(): number {
    return this.#status?.conflicts_open ?? 0;
  }

  start(): () => void {
    void this.refresh();
    const timer = setInterval(() => void this.refresh(), REFRESH_MS);
    const stop = this.host.onChanged((topics) => {
      if (topics.some((t) => t === 'sync' || t === 'conflicts' || t === 'sales' || t === 'shop')) void this.refresh();
    });
    return () => {
      clearInterval(timer);
      stop();
    };
  }

  async refresh(): Promise<void> {
    try {
      this.take(await this.host.call('sync.status', {}));
    } catch {
      // The indicator keeps its last state: the screen that asked for work tells what is wrong.
    }
  }

  take(status: SyncStatusView): void {
    const before = this.#known;
    this.#known = status.conflicts_open;
    this.#status = status;
    if (before !== null && status.conflicts_open > before) this.#announce(status.conflicts_open - before);
    if (status.conflicts_open === 0) this.notices.clear('conflict-new');
  }

  #announce(count: number): void {
    this.notices.say({
      tone: 'warn',
      topic: 'conflict-new',
      title: m.conflict_announced({ count }),
      text: m.conflict_announced_do(),
      action: {
        label: m.conflict_announced_open(),
        run: () => {
          this.notices.clear('conflict-new');
          this.openConflicts();
        },
      },
    });
  }
}
