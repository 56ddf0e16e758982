/** Numbers that the shop knows, and the life of the one that is looked at. */
import type { SerialLife } from '$lib/host/bindings/SerialLife';
import type { SerialRow } from '$lib/host/bindings/SerialRow';
import { m } from '$lib/paraglide/messages';
import type { Session } from '$features/shell/session.svelte';
import { CHANGE_WORDS, type NotedChange } from './serialWords';

const TOPIC = 'serials';
const MOST_ROWS = 200;

export class SerialLives {
  #rows = $state.raw<readonly SerialRow[]>([]);
  #life = $state.raw<SerialLife | null>(null);
  #search = $state('');
  #loaded = $state(false);
  #sending = $state(false);
  #questions = 0;

  constructor(readonly session: Session) {}

  get rows(): readonly SerialRow[] {
    return this.#rows;
  }

  get life(): SerialLife | null {
    return this.#life;
  }

  get search(): string {
    return this.#search;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  get sending(): boolean {
    return this.#sending;
  }

  /** Loads the list; follows what other registers tell. The returned function stops following. */
  start(): () => void {
    void this.type('');
    return this.session.host.onChanged((topics) => {
      if (!topics.includes('serials')) return;
      void this.type(this.#search);
      if (this.#life !== null) void this.open(this.#life.serial);
    });
  }

  async type(text: string): Promise<void> {
    this.#search = text;
    this.#questions += 1;
    const question = this.#questions;
    try {
      const rows = await this.session.host.call('serial.list', { search: text, limit: MOST_ROWS });
      if (question !== this.#questions) return;
      this.#rows = rows;
      this.#loaded = true;
    } catch (thrown) {
      if (question === this.#questions) this.session.tell(TOPIC, thrown);
    }
  }

  /** The life of a number as typed or scanned; of one that nobody noted it is empty. */
  async open(serial: string): Promise<void> {
    if (serial.trim() === '') return;
    try {
      this.#life = await this.session.host.call('serial.find', { serial });
      this.session.notices.clear(TOPIC);
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  /** Notes what no document tells. `code` names what bears a number that nobody has noted yet. */
  async note(change: NotedChange, code: string, remark: string): Promise<boolean> {
    const life = this.#life;
    if (life === null || this.#sending) return false;
    this.#sending = true;
    try {
      const asked = { serial: life.serial, code: code.trim() === '' ? null : code.trim(), change, note: remark.trim() === '' ? null : remark.trim() };
      this.#life = await this.session.host.call('serial.note', asked);
      this.session.notices.say({ tone: 'ok', topic: TOPIC, title: m.serial_noted({ what: CHANGE_WORDS[change](), serial: life.serial }) });
      await this.type(this.#search);
      return true;
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
      return false;
    } finally {
      this.#sending = false;
    }
  }
}
