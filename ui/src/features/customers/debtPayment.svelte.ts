/**
 * Taking money for an account: exactly once, whatever is pressed how often.
 *
 * More money than is owed is a question that only people can answer: give it back, or keep it for the customer. Every
 * amount in it comes from Rust. An attempt without an answer keeps its `request_id`: pressing again asks for the same
 * payment.
 */
import type { AccountPaid } from '$lib/host/bindings/AccountPaid';
import type { BeyondDebt } from '$lib/host/bindings/BeyondDebt';
import type { Tender } from '$lib/host/bindings/Tender';
import type { TenderKind } from '$lib/host/bindings/TenderKind';
import { toHostError } from '$lib/host/host';
import type { Session } from '$features/shell/session.svelte';

/**
 * - `open`: nothing is under way.
 * - `sending`: the payment is being made; every further press is ignored.
 * - `asking`: more was given than is owed, and somebody has to say what becomes of the rest.
 * - `unknown`: no answer came; the next press asks for the same payment again.
 */
export type Phase = 'open' | 'sending' | 'asking' | 'unknown';

/** What is more than the debt, in minor units. */
export interface Question {
  readonly debt: number;
  readonly excess: number;
  readonly given: Tender;
}

interface Attempt {
  readonly requestId: string;
  readonly amount: number;
  readonly given: Tender;
  readonly beyondDebt: BeyondDebt;
}

const TOPIC = 'account';

export class DebtPayment {
  #phase = $state<Phase>('open');
  #question = $state.raw<Question | null>(null);
  #paid = $state.raw<AccountPaid | null>(null);
  #attempt: Attempt | null = null;

  constructor(
    readonly session: Session,
    readonly customerId: string,
  ) {}

  get phase(): Phase {
    return this.#phase;
  }

  get question(): Question | null {
    return this.#question;
  }

  /** The payment, once it is made. */
  get paid(): AccountPaid | null {
    return this.#paid;
  }

  /** Takes an amount for the debt. */
  pay(kind: TenderKind, amount: number, reference: string): Promise<void> {
    if (this.#phase === 'sending' || this.#paid !== null) return Promise.resolve();
    if (this.#phase === 'unknown' && this.#attempt !== null) return this.#send(this.#attempt);
    const given: Tender = { kind, amount, reference: reference.trim() === '' ? null : reference.trim() };
    return this.#send({ requestId: crypto.randomUUID(), amount, given, beyondDebt: 'refuse' });
  }

  /** The rest goes back to the customer: only cash gives change. */
  giveBack(): Promise<void> {
    const question = this.#question;
    if (question === null || this.#phase !== 'asking') return Promise.resolve();
    return this.#send({ requestId: crypto.randomUUID(), amount: question.debt, given: question.given, beyondDebt: 'refuse' });
  }

  /** The rest stays with the shop, which owes it to the customer. */
  keepAsCredit(): Promise<void> {
    const question = this.#question;
    if (question === null || this.#phase !== 'asking') return Promise.resolve();
    return this.#send({ requestId: crypto.randomUUID(), amount: question.given.amount, given: question.given, beyondDebt: 'store_credit' });
  }

  /** Back to the amount. */
  reconsider(): void {
    if (this.#phase !== 'asking') return;
    this.#question = null;
    this.#phase = 'open';
  }

  async #send(attempt: Attempt): Promise<void> {
    this.#attempt = attempt;
    this.#phase = 'sending';
    try {
      this.#paid = await this.session.host.call('account.pay', {
        request_id: attempt.requestId,
        customer_id: this.customerId,
        amount: attempt.amount,
        tenders: [attempt.given],
        beyond_debt: attempt.beyondDebt,
        note: null,
      });
      this.#question = null;
      this.#phase = 'open';
      this.session.notices.clear(TOPIC);
    } catch (thrown) {
      this.#fail(thrown, attempt);
    }
  }

  #fail(thrown: unknown, attempt: Attempt): void {
    const error = toHostError(thrown);
    const { debt, excess } = error.params;
    if (error.code === 'account.overpaid' && typeof debt === 'number' && typeof excess === 'number') {
      this.#question = { debt, excess, given: attempt.given };
      this.#phase = 'asking';
      this.session.notices.clear(TOPIC);
      return;
    }
    this.#phase = error.code === 'host.timeout' ? 'unknown' : this.#question === null ? 'open' : 'asking';
    this.session.tell(TOPIC, error);
  }
}
