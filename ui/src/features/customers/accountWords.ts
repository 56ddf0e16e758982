/** The words of documents in an account. */
import type { DocumentKind } from '$lib/host/bindings/DocumentKind';
import { m } from '$lib/paraglide/messages';

const WORDS: Record<DocumentKind, () => string> = {
  sale: m.document_sale,
  refund: m.document_refund,
  void: m.document_void,
  account_payment: m.document_account_payment,
  shift_opening: m.document_shift_opening,
  cash_movement: m.document_cash_movement,
  shift_closing: m.document_shift_closing,
};

export function documentWords(kind: DocumentKind): string {
  return WORDS[kind]();
}
