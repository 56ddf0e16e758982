/** Past sales: the list, and one receipt of it. */
import type { ReceiptView } from '$lib/host/bindings/ReceiptView';
import type { SaleSummary } from '$lib/host/bindings/SaleSummary';
import { PagedList } from '$lib/paging/pagedList.svelte';
import { m } from '$lib/paraglide/messages';
import type { Session } from '$features/shell/session.svelte';

const PAGE = 100;
const TOPIC = 'receipt';

export class Sales {
  readonly list: PagedList<SaleSummary>;
  #receipt = $state.raw<ReceiptView | null>(null);

  constructor(readonly session: Session) {
    this.list = new PagedList(
      (question) => session.host.call('sale.list', { ...question, limit: PAGE }),
      (thrown) => session.tell(TOPIC, thrown),
    );
  }

  /** The receipt looked at. */
  get receipt(): ReceiptView | null {
    return this.#receipt;
  }

  start(): () => void {
    void this.list.load();
    return () => this.list.stop();
  }

  async open(saleId: string): Promise<void> {
    try {
      this.#receipt = await this.session.host.call('sale.receipt', { sale_id: saleId });
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }
}

/** Prints a receipt, or says why not. Copies are marked by the program. */
export async function printReceipt(session: Session, saleId: string): Promise<void> {
  try {
    await session.host.call('receipt.print', { sale_id: saleId });
    session.notices.say({ tone: 'ok', topic: 'print', title: m.receipt_printed() });
  } catch (thrown) {
    session.tell('print', thrown);
  }
}

/** Saves a receipt as PDF and says where. */
export async function savePdf(session: Session, saleId: string): Promise<void> {
  try {
    const path = await session.host.call('receipt.save', { sale_id: saleId, format: 'pdf', path: null });
    session.notices.say({ tone: 'ok', topic: 'print', title: m.receipt_saved(), text: path });
  } catch (thrown) {
    session.tell('print', thrown);
  }
}
