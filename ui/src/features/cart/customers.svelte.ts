/** Customers: finding one for the cart, making, changing and deleting one. */
import type { Customer } from '$lib/host/bindings/Customer';
import { plainDecimal } from '$lib/format/number';
import type { CustomerFate } from '$lib/host/bindings/CustomerFate';
import type { CustomerView } from '$lib/host/bindings/CustomerView';
import { PagedList } from '$lib/paging/pagedList.svelte';
import { m } from '$lib/paraglide/messages';
import type { Session } from '$features/shell/session.svelte';

const PAGE = 100;
const TOPIC = 'customer';

/** A customer as the form holds it: texts as typed. */
export interface CustomerForm {
  name: string;
  phone: string;
  note: string;
  code: string;
  /** The most that may be owed, as typed; empty for the shop's limit. */
  limit: string;
}

export class Customers {
  readonly list: PagedList<CustomerView>;

  constructor(readonly session: Session) {
    this.list = new PagedList(
      (question) => session.host.call('customer.list', { ...question, limit: PAGE }),
      (thrown) => session.tell(TOPIC, thrown),
    );
  }

  start(): () => void {
    void this.list.load();
    const stop = this.session.host.onChanged((topics) => {
      if (topics.includes('customers') || topics.includes('accounts')) void this.list.load();
    });
    return () => {
      this.list.stop();
      stop();
    };
  }

  /** Makes a customer (`null`) or changes one; gives it as saved, or null when it was refused (the reason was told). */
  save(customerId: string | null, form: CustomerForm): Promise<Customer | null> {
    const { host, notices } = this.session;
    const details = {
      code: textOrNull(form.code),
      name: form.name.trim(),
      phone: textOrNull(form.phone),
      note: textOrNull(form.note),
      credit_limit: form.limit.trim() === '' ? null : plainDecimal(form.limit),
    };
    return this.#try(async () => {
      const saved =
        customerId === null ? await host.call('customer.create', { details }) : await host.call('customer.update', { customer_id: customerId, details });
      notices.say({ tone: 'ok', topic: TOPIC, title: m.customer_saved({ name: saved.customer.name }) });
      return saved.customer;
    });
  }

  /** Deletes a customer, or makes it nameless when documents name it; null when it was refused (the reason was told). */
  remove(customer: Customer): Promise<CustomerFate | null> {
    const { host, notices } = this.session;
    return this.#try(async () => {
      const fate = await host.call('customer.delete', { customer_id: customer.customer_id });
      const title = fate === 'deleted' ? m.customer_deleted({ name: customer.name }) : m.customer_anonymised({ name: customer.name });
      notices.say({ tone: 'ok', topic: TOPIC, title });
      return fate;
    });
  }

  async #try<T>(run: () => Promise<T>): Promise<T | null> {
    try {
      return await run();
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
      return null;
    }
  }
}

/** A customer's form, filled with what was searched when it is a new one: most likely its name or number. */
export function customerForm(customer: Customer | null, searched: string, typed: (minor: number) => string): CustomerForm {
  if (customer !== null) {
    const { name, phone, note, code, credit_limit } = customer;
    return { name, phone: phone ?? '', note: note ?? '', code: code ?? '', limit: credit_limit === null ? '' : typed(credit_limit) };
  }
  const isNumber = /^[+\d\s]+$/.test(searched);
  return { name: isNumber ? '' : searched, phone: isNumber ? searched : '', note: '', code: '', limit: '' };
}

function textOrNull(text: string): string | null {
  return text.trim() === '' ? null : text.trim();
}
