/** Beginning: a demo shop, a new shop, or joining one. Knows the order of the steps, no rule of any. */
import type { AppState } from '$lib/host/bindings/AppState';
import type { FirstSyncProgress } from '$lib/host/bindings/FirstSyncProgress';
import { locale } from '$lib/i18n/locale.svelte';
import type { Session } from '$features/shell/session.svelte';

export type Step = 'choose' | 'new' | 'join';

/** What a new shop needs, as typed. */
export interface NewShop {
  readonly name: string;
  readonly currency: string;
  readonly locale: string;
  readonly pricesIncludeTax: boolean;
  readonly cashier: string;
}

const TOPIC = 'first-run';
const PROGRESS_MS = 400;

export class FirstRun {
  #step = $state<Step>('choose');
  #busy = $state(false);
  #progress = $state.raw<FirstSyncProgress | null>(null);

  constructor(readonly session: Session) {}

  get step(): Step {
    return this.#step;
  }

  /** The shop is being made or joined. */
  get busy(): boolean {
    return this.#busy;
  }

  /** How far the first sync is, while it runs. */
  get progress(): FirstSyncProgress | null {
    return this.#progress;
  }

  go(step: Step): void {
    if (this.#busy) return;
    this.#step = step;
    this.session.notices.clear(TOPIC);
  }

  createDemo(): Promise<void> {
    return this.#make(() => this.session.host.call('shop.create_demo', { language: locale.language }));
  }

  createShop(shop: NewShop): Promise<void> {
    return this.#make(() =>
      this.session.host.call('shop.create', {
        name: shop.name.trim(),
        currency: shop.currency,
        locale: shop.locale,
        prices_include_tax: shop.pricesIncludeTax,
        cashier: shop.cashier.trim(),
      }),
    );
  }

  join(server: string, code: string, register: string): Promise<void> {
    return this.#make(() =>
      this.session.host.call('shop.join', { server: server.trim(), code: code.trim(), register: register.trim() }),
    );
  }

  /** Follows a first sync until the program is ready. The returned function stops. */
  follow(): () => void {
    const timer = setInterval(() => void this.#look(), PROGRESS_MS);
    void this.#look();
    return () => clearInterval(timer);
  }

  async #look(): Promise<void> {
    try {
      const status = await this.session.host.call('sync.status', {});
      this.#progress = status.first_sync;
      // The end of loading is told by the state of the program, not by the figures.
      if (status.first_sync?.can_sell ?? true) await this.session.refresh();
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  async #make(run: () => Promise<AppState>): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.session.notices.clear(TOPIC);
    try {
      this.session.take(await run());
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    } finally {
      this.#busy = false;
    }
  }
}
