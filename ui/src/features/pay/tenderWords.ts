/** The words and drawings of each means of payment. */
import type { IconName } from '$lib/components/icons';
import type { TenderKind } from '$lib/host/bindings/TenderKind';
import { m } from '$lib/paraglide/messages';

const WORDS: Record<TenderKind, () => string> = {
  cash: m.tender_cash,
  mobile: m.tender_mobile,
  card: m.tender_card,
  account: m.tender_account,
  store_credit: m.tender_store_credit,
};

export const TENDER_ICONS: Record<TenderKind, IconName> = { cash: 'cash', mobile: 'mobile', card: 'card', account: 'account', store_credit: 'credit' };

export function tenderWords(kind: TenderKind): string {
  return WORDS[kind]();
}
