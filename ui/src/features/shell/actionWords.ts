/** The words of each action of the keymap. */
import type { Action } from '$lib/keys/keymap';
import { m } from '$lib/paraglide/messages';

const WORDS: Record<Action, () => string> = {
  help: m.key_help,
  'go-sell': m.nav_sell,
  'go-products': m.nav_products,
  'go-customers': m.nav_customers,
  'go-cash': m.nav_cash,
  'go-sync': m.nav_sync,
  'go-conflicts': m.nav_conflicts,
  'go-settings': m.nav_settings,
  find: m.key_find,
  customer: m.key_customer,
  hold: m.key_hold,
  recall: m.key_recall,
  discount: m.key_discount,
  price: m.key_price,
  'line-note': m.key_line_note,
  size: m.key_size,
  pay: m.key_pay,
  'exact-cash': m.key_exact_cash,
  undo: m.key_undo,
  'line-up': m.key_line_up,
  'line-down': m.key_line_down,
  more: m.key_more,
  less: m.key_less,
  'remove-line': m.key_remove_line,
  'clear-cart': m.key_clear_cart,
  'new-sale': m.key_new_sale,
  print: m.key_print,
};

export function actionWords(action: Action): string {
  return WORDS[action]();
}
