/** The pictures that are not where they belong yet: which, why, and another try. */
import type { OpenPicture } from '$lib/host/bindings/OpenPicture';
import { m } from '$lib/paraglide/messages';
import type { Session } from '$features/shell/session.svelte';

const TOPIC = 'pictures';

export class PictureQueue {
  #open = $state.raw<readonly OpenPicture[]>([]);
  #loaded = $state(false);
  #busy = $state(false);

  constructor(readonly session: Session) {}

  /** What needs a person first, then what failed, then what waits. */
  get open(): readonly OpenPicture[] {
    return this.#open;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  /** Another try is being asked for. */
  get busy(): boolean {
    return this.#busy;
  }

  start(): () => void {
    void this.load();
    return this.session.host.onChanged((topics) => {
      if (topics.some((t) => t === 'sync' || t === 'pictures')) void this.load();
    });
  }

  async load(): Promise<void> {
    try {
      this.#open = await this.session.host.call('picture.list', {});
      this.#loaded = true;
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  async retry(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const count = await this.session.host.call('picture.retry', {});
      this.session.notices.say({ tone: 'ok', topic: TOPIC, title: m.pictures_retried({ count }) });
      await this.load();
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    } finally {
      this.#busy = false;
    }
  }
}
