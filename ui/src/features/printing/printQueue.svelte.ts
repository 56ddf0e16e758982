/** What was asked of the printers: how they stand, which jobs wait or failed and why, another try, and giving up. */
import type { PrintQueue as Queue } from '$lib/host/bindings/PrintQueue';
import { m } from '$lib/paraglide/messages';
import type { Session } from '$features/shell/session.svelte';

const TOPIC = 'print';
/** Jobs that are shown: those of a busy hour. */
const SHOWN = 50;
const EMPTY: Queue = { open: 0, failed: 0, trouble: null, jobs: [] };

export class PrintQueue {
  #queue = $state.raw<Queue>(EMPTY);
  #busy = $state<number | null>(null);

  constructor(readonly session: Session) {}

  get queue(): Queue {
    return this.#queue;
  }

  /** A person should look: something was given up, or the printer says what it lacks. */
  get troubled(): boolean {
    return this.#queue.failed > 0 || this.#queue.trouble !== null;
  }

  /** The job that something is being done about. */
  get busy(): number | null {
    return this.#busy;
  }

  start(): () => void {
    void this.load();
    return this.session.host.onChanged((topics) => {
      if (topics.includes('printing')) void this.load();
    });
  }

  async load(): Promise<void> {
    try {
      this.#queue = await this.session.host.call('print.list', { limit: SHOWN });
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  retry(jobNo: number): Promise<void> {
    return this.#change(jobNo, 'print.retry', m.print_retried());
  }

  cancel(jobNo: number): Promise<void> {
    return this.#change(jobNo, 'print.cancel', m.print_cancelled());
  }

  async #change(jobNo: number, command: 'print.retry' | 'print.cancel', said: string): Promise<void> {
    if (this.#busy !== null) return;
    this.#busy = jobNo;
    try {
      this.#queue = await this.session.host.call(command, { job_no: jobNo });
      this.session.notices.say({ tone: 'ok', topic: TOPIC, title: said });
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
      await this.load();
    } finally {
      this.#busy = null;
    }
  }
}
