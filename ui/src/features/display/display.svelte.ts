/** What the customer sees: it follows the counter, and goes back to the shop's name by itself. */
import type { DisplayView } from '$lib/host/bindings/DisplayView';
import type { Topic } from '$lib/host/bindings/Topic';
import type { DisplayHost } from '$lib/host/display';
import { applyTheme, locale } from '$lib/i18n/locale.svelte';

/** What changes the screen. */
const FOLLOWED: readonly Topic[] = ['cart', 'sales', 'settings', 'shop'];

export class CustomerScreen {
  #view = $state.raw<DisplayView | null>(null);
  #until: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly host: DisplayHost) {}

  /** Null while there is nothing to show: no shop yet, or the program is closed. */
  get view(): DisplayView | null {
    return this.#view;
  }

  start(): () => void {
    void this.load();
    const stop = this.host.onChanged((topics) => {
      if (topics.some((topic) => FOLLOWED.includes(topic))) void this.load();
    });
    return () => {
      clearTimeout(this.#until);
      stop();
    };
  }

  async load(): Promise<void> {
    clearTimeout(this.#until);
    try {
      const view = await this.host.show();
      this.#view = view;
      locale.language = view.language;
      applyTheme(view.theme);
      if (view.scene.kind === 'paid') this.#until = setTimeout(() => void this.load(), view.scene.shown_for_ms);
    } catch {
      // The customer is told nothing of a till in trouble: the cashier is.
      this.#view = null;
    }
  }
}
