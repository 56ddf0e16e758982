/**
 * What the window has to tell the person at the till: refusals, good news, new conflicts.
 *
 * Owns the list on the screen and how long each stays. Knows no host and no words of its own: texts
 * come in translated. Refusals stay until they are answered or no longer true; good news leaves.
 */
export type Tone = 'ok' | 'info' | 'warn' | 'danger';

export interface Notice {
  readonly tone: Tone;
  /** What happened. */
  readonly title: string;
  /** What it means for the sale, and what to do now. */
  readonly text?: string | undefined;
  /** Lines that belong to it, such as what is available of each product. */
  readonly details?: readonly string[] | undefined;
  readonly action?: { readonly label: string; readonly run: () => void } | undefined;
  /** Number that support can find in the log. */
  readonly traceId?: string | undefined;
  /** Notices of one topic replace each other: the latest is the one that is true. */
  readonly topic: string;
}

export interface ShownNotice extends Notice {
  readonly id: number;
}

/** Good news stays for one glance; a second look finds it in its own screen. */
export const GOOD_NEWS_MS = 5000;
/** More than these hide the screen they speak of; the oldest goes. */
export const MAX_SHOWN = 4;

export class Notices {
  #shown = $state.raw<readonly ShownNotice[]>([]);
  #nextId = 1;

  get shown(): readonly ShownNotice[] {
    return this.#shown;
  }

  say(notice: Notice): void {
    const id = this.#nextId;
    this.#nextId += 1;
    const others = this.#shown.filter((n) => n.topic !== notice.topic);
    this.#shown = [...others, { ...notice, id }].slice(-MAX_SHOWN);
    if (notice.tone === 'ok') setTimeout(() => this.dismiss(id), GOOD_NEWS_MS);
  }

  dismiss(id: number): void {
    this.#shown = this.#shown.filter((n) => n.id !== id);
  }

  /** Takes away what is no longer true. */
  clear(topic: string): void {
    if (this.#shown.some((n) => n.topic === topic)) this.#shown = this.#shown.filter((n) => n.topic !== topic);
  }
}
