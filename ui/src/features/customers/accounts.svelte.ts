/** Who owes the shop, and whom the shop owes: the list with its sums, kept as new as the register knows. */
import type { AccountOrder } from '$lib/host/bindings/AccountOrder';
import type { OpenAccounts } from '$lib/host/bindings/OpenAccounts';
import { m } from '$lib/paraglide/messages';
import type { Session } from '$features/shell/session.svelte';

/** More rows than anybody reads; the sums are of all. */
const MOST = 500;
const TOPIC = 'account';

export class Accounts {
  #open = $state.raw<OpenAccounts | null>(null);
  #order = $state<AccountOrder>('amount');
  #question = 0;

  constructor(readonly session: Session) {}

  /** Null until the first answer. */
  get open(): OpenAccounts | null {
    return this.#open;
  }

  get order(): AccountOrder {
    return this.#order;
  }

  start(): () => void {
    void this.load();
    return this.session.host.onChanged((topics) => {
      if (topics.includes('accounts') || topics.includes('customers')) void this.load();
    });
  }

  sort(order: AccountOrder): void {
    this.#order = order;
    void this.load();
  }

  async load(): Promise<void> {
    this.#question += 1;
    const question = this.#question;
    try {
      const open = await this.session.host.call('account.list', { order: this.#order, limit: MOST });
      if (question === this.#question) this.#open = open;
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  /** Writes all debts as a table; where it was written is told. */
  async export(): Promise<void> {
    try {
      const path = await this.session.host.call('account.export', { path: null });
      this.session.notices.say({ tone: 'ok', topic: TOPIC, title: m.debts_exported(), text: path });
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }
}
