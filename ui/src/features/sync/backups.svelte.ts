/** Backups of this register, and what a restore brought back. */
import { formatBytes } from '$lib/format/time';
import type { BackupList } from '$lib/host/bindings/BackupList';
import type { RecoveryView } from '$lib/host/bindings/RecoveryView';
import { m } from '$lib/paraglide/messages';
import type { Session } from '$features/shell/session.svelte';

const TOPIC = 'backup';

/** What is under way; one thing at a time. */
export type BackupWork = 'none' | 'make' | 'restore' | 'folder' | 'recovery';

export class Backups {
  #list = $state.raw<BackupList | null>(null);
  #recovery = $state.raw<RecoveryView | null>(null);
  #work = $state<BackupWork>('none');

  constructor(readonly session: Session) {}

  /** Null before the first answer. */
  get list(): BackupList | null {
    return this.#list;
  }

  get recovery(): RecoveryView | null {
    return this.#recovery;
  }

  get work(): BackupWork {
    return this.#work;
  }

  start(): () => void {
    void this.load();
    return this.session.host.onChanged((topics) => {
      if (topics.includes('sync')) void this.load();
    });
  }

  async load(): Promise<void> {
    const { host } = this.session;
    try {
      const [list, recovery] = await Promise.all([host.call('backup.list', {}), host.call('recovery.report', {})]);
      this.#list = list;
      this.#recovery = recovery;
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  make(): Promise<boolean> {
    return this.#do('make', async () => {
      const made = await this.session.host.call('backup.make', {});
      this.#good(m.backup_made({ size: formatBytes(made.bytes, this.session.reading.language) }));
    });
  }

  /** Puts a backup in the place of the present file. True when it is done; the report then says what came back. */
  async restore(name: string): Promise<boolean> {
    const done = await this.#do('restore', async () => {
      await this.session.rest(() => this.session.host.call('backup.restore', { name }));
    });
    // Another file lies under the whole window now.
    await this.session.refresh();
    return done;
  }

  setFolder(folder: string): Promise<boolean> {
    return this.#do('folder', async () => {
      this.#list = await this.session.host.call('backup.set_folder', { folder: folder.trim() === '' ? null : folder.trim() });
      this.#good(m.backup_folder_saved());
    });
  }

  /** The report of the last restore was read. */
  seen(): Promise<boolean> {
    return this.#do('recovery', async () => {
      this.#recovery = await this.session.host.call('recovery.seen', {});
    });
  }

  /** This copy of the register goes on although the server knows a newer one. */
  goOn(): Promise<boolean> {
    return this.#do('recovery', async () => {
      await this.session.host.call('recovery.go_on', {});
    });
  }

  #good(title: string): void {
    this.session.notices.say({ tone: 'ok', topic: TOPIC, title });
  }

  async #do(work: Exclude<BackupWork, 'none'>, run: () => Promise<void>): Promise<boolean> {
    if (this.#work !== 'none') return false;
    this.#work = work;
    this.session.notices.clear(TOPIC);
    try {
      await run();
      return true;
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
      return false;
    } finally {
      this.#work = 'none';
      await this.load();
    }
  }
}
