/** One customer's account: the statement of some days, on the screen, on paper and as a file, and what was bought here. */
import type { CustomerView } from '$lib/host/bindings/CustomerView';
import type { SaleSummary } from '$lib/host/bindings/SaleSummary';
import type { Statement } from '$lib/host/bindings/Statement';
import { m } from '$lib/paraglide/messages';
import type { Session } from '$features/shell/session.svelte';

const SALES = 50;
const TOPIC = 'account';

export class StatementController {
  #customer = $state.raw<CustomerView | null>(null);
  #statement = $state.raw<Statement | null>(null);
  #sales = $state.raw<readonly SaleSummary[]>([]);
  #from = $state('');
  #to = $state('');
  #question = 0;

  constructor(
    readonly session: Session,
    readonly customerId: string,
  ) {}

  get customer(): CustomerView | null {
    return this.#customer;
  }

  get statement(): Statement | null {
    return this.#statement;
  }

  /** The newest sales of this register to the customer. */
  get sales(): readonly SaleSummary[] {
    return this.#sales;
  }

  /** First day, `YYYY-MM-DD`; empty for the beginning. */
  get from(): string {
    return this.#from;
  }

  set from(day: string) {
    this.#from = day;
    void this.load();
  }

  /** Last day, `YYYY-MM-DD`; empty for today. */
  get to(): string {
    return this.#to;
  }

  set to(day: string) {
    this.#to = day;
    void this.load();
  }

  start(): () => void {
    void this.load();
    return this.session.host.onChanged((topics) => {
      if (topics.includes('accounts') || topics.includes('customers') || topics.includes('sales')) void this.load();
    });
  }

  async load(): Promise<void> {
    this.#question += 1;
    const question = this.#question;
    const { host } = this.session;
    const which = { customer_id: this.customerId };
    try {
      const [customer, statement, sales] = await Promise.all([
        host.call('customer.get', which),
        host.call('account.statement', this.#days()),
        host.call('customer.sales', { ...which, limit: SALES }),
      ]);
      if (question !== this.#question) return;
      this.#customer = customer;
      this.#statement = statement;
      this.#sales = sales;
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  async print(): Promise<void> {
    await this.#told(async () => {
      await this.session.host.call('account.print', this.#days());
      return { title: m.statement_printing(), text: '' };
    });
  }

  async save(): Promise<void> {
    await this.#told(async () => {
      const path = await this.session.host.call('account.save', { ...this.#days(), format: 'pdf', path: null });
      return { title: m.statement_saved(), text: path };
    });
  }

  #days(): { customer_id: string; from: string | null; to: string | null } {
    return { customer_id: this.customerId, from: this.#from === '' ? null : this.#from, to: this.#to === '' ? null : this.#to };
  }

  async #told(run: () => Promise<{ title: string; text: string }>): Promise<void> {
    try {
      const { title, text } = await run();
      this.session.notices.say(text === '' ? { tone: 'ok', topic: TOPIC, title } : { tone: 'ok', topic: TOPIC, title, text });
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }
}
