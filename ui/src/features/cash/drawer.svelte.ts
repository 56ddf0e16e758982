/**
 * The drawer: what it should hold, opening, cash in and out, counting, closing, and the reports of before.
 *
 * Every sum comes from Rust, also the one of a count under way. A press of a button keeps its `request_id` until the
 * program has answered, so that pressing again after no answer does the same thing once.
 */
import type { CashCount } from '$lib/host/bindings/CashCount';
import type { CashDirection } from '$lib/host/bindings/CashDirection';
import type { DenominationCount } from '$lib/host/bindings/DenominationCount';
import type { DrawerReport } from '$lib/host/bindings/DrawerReport';
import type { DrawerState } from '$lib/host/bindings/DrawerState';
import type { ZSummary } from '$lib/host/bindings/ZSummary';
import { m } from '$lib/paraglide/messages';
import type { Session } from '$features/shell/session.svelte';

const TOPIC = 'cash';
/** Zs that are listed: more than half a year of days. */
const SHOWN_ZS = 200;

/** Cash as it was counted: by notes and coins, or the sum alone. */
export interface Counted {
  readonly sum: number;
  readonly count: DenominationCount[];
}

/** What moves without a sale. */
export interface Move {
  readonly direction: CashDirection;
  readonly amount: number;
  readonly expense: string | null;
  readonly note: string;
}

export class Drawer {
  #state = $state.raw<DrawerState | null>(null);
  #report = $state.raw<DrawerReport | null>(null);
  #zs = $state.raw<readonly ZSummary[]>([]);
  #count = $state.raw<CashCount | null>(null);
  #busy = $state(false);
  #request: string | null = null;
  #question = 0;

  constructor(readonly session: Session) {}

  /** Null until the first answer. */
  get state(): DrawerState | null {
    return this.#state;
  }

  /** The X or Z that is looked at. */
  get report(): DrawerReport | null {
    return this.#report;
  }

  /** Zs, newest first. */
  get zs(): readonly ZSummary[] {
    return this.#zs;
  }

  /** The count under way. */
  get count(): CashCount | null {
    return this.#count;
  }

  /** A press of a button waits for its answer. */
  get busy(): boolean {
    return this.#busy;
  }

  start(): () => void {
    void this.load();
    return this.session.host.onChanged((topics) => {
      if (topics.some((topic) => topic === 'till' || topic === 'sales' || topic === 'cart' || topic === 'settings')) void this.load();
    });
  }

  async load(): Promise<void> {
    const { host } = this.session;
    try {
      const [state, zs] = await Promise.all([host.call('shift.state', {}), host.call('report.list_z', { skip: 0, limit: SHOWN_ZS })]);
      this.#state = state;
      this.#zs = zs;
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  open(counted: Counted): Promise<boolean> {
    return this.#press(async (requestId) => {
      this.#state = await this.session.host.call('shift.open', { request_id: requestId, float: counted.sum, count: counted.count });
    });
  }

  move(move: Move): Promise<boolean> {
    return this.#press(async (requestId) => {
      const note = move.note.trim() === '' ? null : move.note;
      this.#state = await this.session.host.call('cash.move', { request_id: requestId, ...move, note });
    });
  }

  /** Closes the drawer; the Z is looked at then. */
  close(counted: Counted, note: string): Promise<boolean> {
    return this.#press(async (requestId) => {
      const request = { request_id: requestId, counted: counted.sum, count: counted.count, note: note.trim() === '' ? null : note };
      this.#report = await this.session.host.call('shift.close', request);
      this.#count = null;
    });
  }

  /** Sums a count; only the answer to the last question is shown. */
  async sum(counted: Counted, expected: number): Promise<void> {
    this.#question += 1;
    const question = this.#question;
    try {
      const count = await this.session.host.call('cash.count', { sum: counted.sum, count: counted.count, expected });
      if (question === this.#question) this.#count = count;
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  /** A count begins anew. */
  forgetCount(): void {
    this.#question += 1;
    this.#count = null;
  }

  async lookAtX(): Promise<void> {
    await this.#look(() => this.session.host.call('report.x', {}));
  }

  async lookAtZ(z: number): Promise<void> {
    await this.#look(() => this.session.host.call('report.z', { z }));
  }

  lookAway(): void {
    this.#report = null;
  }

  async print(): Promise<void> {
    try {
      await this.session.host.call('report.print', { z: this.#shownZ() });
      this.session.notices.say({ tone: 'ok', topic: TOPIC, title: m.report_printing() });
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  async save(): Promise<void> {
    try {
      const path = await this.session.host.call('report.save', { z: this.#shownZ(), path: null });
      this.session.notices.say({ tone: 'ok', topic: TOPIC, title: m.report_saved(), text: path });
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  #shownZ(): number | null {
    return this.#report === null || this.#report.kind === 'x' ? null : this.#report.z_number;
  }

  async #look(ask: () => Promise<DrawerReport>): Promise<void> {
    try {
      this.#report = await ask();
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  async #press(run: (requestId: string) => Promise<void>): Promise<boolean> {
    if (this.#busy) return false;
    this.#request ??= crypto.randomUUID();
    this.#busy = true;
    try {
      await run(this.#request);
      this.#request = null;
      this.session.notices.clear(TOPIC);
      return true;
    } catch (thrown) {
      // Without an answer the same press is asked for again; a refusal is over.
      if (this.session.tell(TOPIC, thrown).code !== 'host.timeout') this.#request = null;
      return false;
    } finally {
      this.#busy = false;
    }
  }
}
