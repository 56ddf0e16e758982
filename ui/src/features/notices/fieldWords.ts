/**
 * Words for the fields of a request, a row or a setting, and for what can be wrong in them.
 * The program names both by codes; what has no words here is not shown raw, but said in general.
 */
import { m } from '$lib/paraglide/messages';

type Words = Readonly<Record<string, () => string>>;

const FIELDS: Words = {
  // products, categories, customers
  code: m.field_code,
  barcode: m.field_barcode,
  barcodes: m.field_barcode,
  name: m.field_name,
  category: m.field_category,
  category_id: m.field_category,
  unit: m.field_unit,
  price: m.field_price,
  cost: m.field_cost,
  tax_rate: m.field_tax_rate,
  stock: m.field_stock,
  opening_stock: m.field_stock,
  phone: m.customer_phone,
  credit_limit: m.field_credit_limit,
  note: m.cart_note,
  favourite: m.product_favourite,
  archived: m.product_archived,
  track_stock: m.product_track,
  offline_policy: m.product_policy,
  colour: m.field_colour,
  pin: m.field_pin,
  picture: m.field_picture,
  // the cart and what is paid
  qty: m.field_qty,
  unit_price: m.field_unit_price,
  discount: m.field_discount,
  serial: m.serial_number,
  serials: m.serial_number,
  packs: m.product_packs,
  cart: m.field_cart,
  reason: m.field_reason,
  pack: m.size_title,
  barcode_rules: m.rules_title,
  // the drawer
  amount: m.cash_amount,
  float: m.shift_float,
  counted: m.cash_counted,
  expense: m.cash_category,
  // a new shop and its settings
  currency: m.field_currency,
  locale: m.field_locale,
  business_name: m.settings_business,
  outlet_name: m.settings_outlet,
  receipt_header: m.settings_header,
  receipt_footer: m.settings_footer,
  cash_rounding: m.settings_rounding,
  sales_need_server: m.settings_need_server,
  checkout_deadline_ms: m.settings_deadline,
  default_offline_policy: m.settings_policy,
  strategies: m.settings_strategies,
  'printer.address': m.field_address,
};

/** The name of a field as people call it; null when it has none. A disputed field is called as in its own row. */
export function fieldName(field: string): string | null {
  return FIELDS[field.replace(/^fields\./, '')]?.() ?? null;
}

/** The same where something has to stand: in a table, a newer program's field is shown by its code. */
export function fieldWords(field: string): string {
  return fieldName(field) ?? field;
}

const FAULTS: Words = {
  empty: m.fault_empty,
  too_long: m.fault_too_long,
  control_characters: m.fault_control_characters,
  negative: m.fault_negative,
  not_positive: m.fault_not_positive,
  not_a_number: m.fault_not_a_number,
  too_many_decimals: m.fault_too_many_decimals,
  out_of_range: m.fault_out_of_range,
  too_large: m.fault_too_large,
  check_digit: m.fault_check_digit,
  barcode_length: m.fault_barcode_length,
  barcode_not_digits: m.fault_barcode_not_digits,
  too_many: m.fault_too_many,
  duplicate_in_file: m.fault_duplicate_in_file,
  repeated_in_file: m.fault_repeated_in_file,
  duplicate: m.fault_duplicate,
  unreadable: m.fault_unreadable,
  unreadable_character: m.fault_unreadable_character,
  entity_resolved: m.fault_entity_resolved,
  unknown: m.fault_unknown,
  not_disputed: m.fault_not_disputed,
  missing: m.fault_missing,
  fixed: m.fault_fixed,
  colour: m.fault_colour,
  not_digits: m.fault_pin_digits,
  pin_length: m.fault_pin_digits,
  obvious: m.fault_pin_obvious,
  pack: m.fault_pack,
  empty_label: m.fault_empty_label,
  card_number: m.fault_card_number,
};

/** Where the bounds of a field can be said better than in general. */
const OF_FIELD: Words = {
  'checkout_deadline_ms out_of_range': m.fault_deadline,
  'discount out_of_range': m.fault_discount,
  'serial check_digit': m.fault_imei_check_digit,
  'serial duplicate': m.fault_serial_duplicate,
  'serial not_imei': m.fault_not_imei,
  'serials count': m.fault_serials_count,
  'serials not_sold': m.fault_serials_not_sold,
  'qty fixed': m.fault_one_thing,
};

/** Why a row of a file was left out; the code itself when a newer program has a new reason. */
export function faultWords(code: string): string {
  return FAULTS[code]?.() ?? m.fault_other({ code });
}

/** What is wrong with the value of a field. Never the program's own English. */
export function problemWords(field: string, problem: string): string {
  return OF_FIELD[`${field} ${problem}`]?.() ?? FAULTS[problem]?.() ?? m.fault_malformed();
}
