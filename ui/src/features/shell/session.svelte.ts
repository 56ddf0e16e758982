/**
 * The state of the program as the frame of the window needs it: how far it is, whose shop, who sells,
 * in which language and look. Owns applying language and theme; knows nothing of carts or sync.
 */
import type { CurrencyShape } from '$lib/format/money';
import type { AppState } from '$lib/host/bindings/AppState';
import type { DeviceSettings } from '$lib/host/bindings/DeviceSettings';
import type { ShopSettings } from '$lib/host/bindings/ShopSettings';
import { type Host, type HostError, toHostError } from '$lib/host/host';
import { applyTheme, locale } from '$lib/i18n/locale.svelte';
import { m } from '$lib/paraglide/messages';
import { errorNotice, type Reading } from '$features/notices/errorWords';
import type { Notices } from '$features/notices/notices.svelte';

/** Before there is a shop, amounts appear nowhere; a currency is needed only to write an error. */
const NO_CURRENCY: CurrencyShape = { code: '', exponent: 0 };
/** Notices about who may do what. */
const PEOPLE = 'people';

export class Session {
  #state = $state.raw<AppState | null>(null);
  #problem = $state.raw<HostError | null>(null);
  #choosingPerson = $state(false);
  #resting = false;

  constructor(
    readonly host: Host,
    readonly notices: Notices,
    /** Shows the room where the drawer is opened. */
    readonly openCash: () => void = () => undefined,
  ) {}

  /** Null until the program has answered for the first time. */
  get state(): AppState | null {
    return this.#state;
  }

  /** Why there is no state: the program could not open its data. */
  get problem(): HostError | null {
    return this.#problem;
  }

  get settings(): ShopSettings | null {
    return this.#state?.shop?.settings ?? null;
  }

  /** The shop has a server, so that something can be waiting to be sent. */
  get joined(): boolean {
    return (this.#state?.shop?.server ?? null) !== null;
  }

  get currency(): CurrencyShape {
    return this.settings?.currency ?? NO_CURRENCY;
  }

  get reading(): Reading {
    return { language: locale.language, currency: this.currency };
  }

  /** Somebody else is about to take over. */
  get choosingPerson(): boolean {
    return this.#choosingPerson;
  }

  choosePerson(open: boolean): void {
    this.#choosingPerson = open;
  }

  /** Asks for the state; listens for changes from then on. The returned function stops listening. */
  start(): () => void {
    void this.refresh();
    return this.host.onChanged((topics) => {
      if (topics.includes('shop') || topics.includes('settings')) void this.refresh();
    });
  }

  async refresh(): Promise<void> {
    try {
      this.take(await this.host.call('app.state', {}));
    } catch (thrown) {
      this.#problem = toHostError(thrown);
    }
  }

  /** Takes a new state, as a command that changed it returns it. */
  take(state: AppState): void {
    this.#problem = null;
    this.#state = state;
    locale.language = state.device.language;
    applyTheme(state.device.theme);
  }

  /**
   * Does something during which the program's file is closed, such as a restore. What others ask meanwhile fails, is
   * not told, and is asked again when the program says that everything changed.
   */
  async rest<T>(run: () => Promise<T>): Promise<T> {
    this.#resting = true;
    try {
      return await run();
    } finally {
      this.#resting = false;
    }
  }

  /** Says a failure of the named topic in words. */
  tell(topic: string, thrown: unknown): HostError {
    const error = toHostError(thrown);
    if (this.#resting) return error;
    if (error.code === 'session.locked') {
      // The screen that says who may go on is the message.
      void this.refresh();
      return error;
    }
    if (error.code === 'shift.not_open') {
      const action = { label: m.err_shift_not_open_go(), run: this.openCash };
      this.notices.say({ ...errorNotice(error, topic, this.reading), action });
    } else if (error.code === 'permission.denied') {
      // Under the topic of people, so that it leaves as soon as somebody else has taken over.
      const action = { label: m.err_permission_switch(), run: () => this.choosePerson(true) };
      this.notices.say({ ...errorNotice(error, PEOPLE, this.reading), action });
    } else {
      this.notices.say(errorNotice(error, topic, this.reading));
    }
    return error;
  }

  async setDevice(change: Partial<DeviceSettings>): Promise<boolean> {
    const before = this.#state;
    if (before === null) return false;
    return this.#change('device', () => this.host.call('device.set', { settings: { ...before.device, ...change } }));
  }

  async setShop<Key extends keyof ShopSettings>(key: Key, value: ShopSettings[Key]): Promise<boolean> {
    return this.#change('setting', () => this.host.call('setting.set', { key, value }));
  }

  /** From now on this person sits at the register. Null when they do, else why not: said where the PIN is typed. */
  async logIn(cashierId: string, pin: string | null): Promise<HostError | null> {
    try {
      this.take(await this.host.call('session.login', { cashier_id: cashierId, pin }));
      this.notices.clear(PEOPLE);
      return null;
    } catch (thrown) {
      return toHostError(thrown);
    }
  }

  /** Nobody does anything here until somebody says who they are; cart and screen stay as they are. */
  lock(): Promise<boolean> {
    return this.#change(PEOPLE, () => this.host.call('session.lock', {}));
  }

  /** Minutes without a touch after which the register locks; null when it does not. */
  get lockAfterMinutes(): number | null {
    const session = this.#state?.session;
    if (session === undefined || session.locked || session.with_pin.length === 0) return null;
    return session.auto_lock_minutes === 0 ? null : session.auto_lock_minutes;
  }

  /** Tells the program that somebody is here, though they gave no command. */
  async touch(): Promise<void> {
    try {
      await this.host.call('session.touch', {});
    } catch {
      // Locked meanwhile: the program knows better who is here.
      await this.refresh();
    }
  }

  async #change(topic: string, run: () => Promise<AppState>): Promise<boolean> {
    try {
      this.take(await run());
      this.notices.clear(topic);
      return true;
    } catch (thrown) {
      this.tell(topic, thrown);
      return false;
    }
  }
}
