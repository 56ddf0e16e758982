/** Conflicts: the list, the one looked at, and the decision being prepared. Every effect comes from Rust. */
import type { ConflictChoice } from '$lib/host/bindings/ConflictChoice';
import type { ConflictView } from '$lib/host/bindings/ConflictView';
import type { FieldDispute } from '$lib/host/bindings/FieldDispute';
import { m } from '$lib/paraglide/messages';
import type { Session } from '$features/shell/session.svelte';

const TOPIC = 'conflict';

/** Whose value of a disputed field is kept in a merge. */
export type Side = 'incoming' | 'current';

export class Conflicts {
  #items = $state.raw<readonly ConflictView[]>([]);
  #resolved = $state(false);
  #loaded = $state(false);
  #openId = $state<string | null>(null);
  #choice = $state<ConflictChoice | null>(null);
  #sides = $state<Record<string, Side>>({});
  #note = $state('');
  #busy = $state(false);

  constructor(readonly session: Session) {}

  get items(): readonly ConflictView[] {
    return this.#items;
  }

  /** Whether decided conflicts are listed too. */
  get resolved(): boolean {
    return this.#resolved;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  /** The conflict looked at. */
  get open(): ConflictView | null {
    return this.#items.find((view) => view.conflict.conflict_id === this.#openId) ?? null;
  }

  /** The choice being prepared. */
  get choice(): ConflictChoice | null {
    return this.#choice;
  }

  /** Sales are left out of the books, and one thing in two places is left so, only with a reason; a number has to be told. */
  get needsNote(): boolean {
    return this.#choice === 'leave_branch' || this.#choice === 'keep_both' || this.#choice === 'correct_serial';
  }

  /** Whether the prepared decision can be made. */
  get ready(): boolean {
    return this.#choice !== null && (!this.needsNote || this.#noteOrNull() !== null);
  }

  get note(): string {
    return this.#note;
  }

  set note(note: string) {
    this.#note = note;
  }

  get busy(): boolean {
    return this.#busy;
  }

  sideOf(field: string): Side {
    return this.#sides[field] ?? 'incoming';
  }

  start(): () => void {
    // Whoever looks at the conflicts needs no announcement of them.
    this.session.notices.clear('conflict-new');
    void this.load();
    return this.session.host.onChanged((topics) => {
      if (topics.some((t) => t === 'conflicts' || t === 'sync')) void this.load();
    });
  }

  async load(): Promise<void> {
    try {
      const items = await this.session.host.call('conflict.list', { resolved: this.#resolved });
      // A conflict that has just been decided stays in sight until another one is opened.
      const kept = items.some((v) => v.conflict.conflict_id === this.#openId) ? null : await this.#find(this.#openId);
      this.#items = kept === null ? items : [...items, kept];
      this.#loaded = true;
      if (this.#openId === null && items[0] !== undefined) this.#openId = items[0].conflict.conflict_id;
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  showResolved(resolved: boolean): void {
    this.#resolved = resolved;
    void this.load();
  }

  look(conflictId: string): void {
    if (this.#openId !== conflictId) this.#forget();
    this.#openId = conflictId;
  }

  choose(choice: ConflictChoice): void {
    this.#choice = choice;
  }

  takeSide(field: string, side: Side): void {
    this.#sides[field] = side;
  }

  async apply(): Promise<void> {
    const view = this.open;
    const choice = this.#choice;
    if (view === null || choice === null || !this.ready || this.#busy) return;
    await this.#decide(m.conflict_decided(), () =>
      this.session.host.call('conflict.resolve', {
        conflict_id: view.conflict.conflict_id,
        choice,
        fields: this.#fieldsOf(choice, view),
        note: choice === 'correct_serial' ? null : this.#noteOrNull(),
      }),
    );
  }

  async reopen(): Promise<void> {
    const view = this.open;
    if (view === null || this.#busy) return;
    await this.#decide(m.conflict_reopened(), () =>
      this.session.host.call('conflict.reopen', { conflict_id: view.conflict.conflict_id, note: this.#noteOrNull() }),
    );
  }

  async #decide(done: string, run: () => Promise<ConflictView>): Promise<void> {
    this.#busy = true;
    this.session.notices.clear(TOPIC);
    try {
      const after = await run();
      this.#items = this.#items.map((view) => (view.conflict.conflict_id === after.conflict.conflict_id ? after : view));
      this.#forget();
      this.session.notices.say({ tone: 'ok', topic: TOPIC, title: done });
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    } finally {
      this.#busy = false;
    }
    await this.load();
  }

  async #find(conflictId: string | null): Promise<ConflictView | null> {
    if (conflictId === null) return null;
    try {
      return await this.session.host.call('conflict.get', { conflict_id: conflictId });
    } catch {
      // It is gone: the list without it is the truth.
      return null;
    }
  }

  /** What a choice decides besides itself: the sides taken, or the right number. */
  #fieldsOf(choice: ConflictChoice, view: ConflictView): Record<string, unknown> {
    if (choice === 'merge') return mergedFields(view.conflict.fields, (field) => this.sideOf(field));
    return choice === 'correct_serial' ? { serial: this.#noteOrNull() } : {};
  }

  #noteOrNull(): string | null {
    return this.#note.trim() === '' ? null : this.#note.trim();
  }

  #forget(): void {
    this.#choice = null;
    this.#sides = {};
    this.#note = '';
  }
}

/** The value of each disputed field, as the person took sides. */
export function mergedFields(fields: readonly FieldDispute[], side: (field: string) => Side): Record<string, unknown> {
  return Object.fromEntries(fields.map((dispute) => [dispute.field, dispute[side(dispute.field)]]));
}
