/** Words for the fields of a product and for what can be wrong in a row of a file. */
import type { ColumnMapping } from '$lib/host/bindings/ColumnMapping';
import { m } from '$lib/paraglide/messages';

export const IMPORT_FIELDS: readonly (keyof ColumnMapping)[] = ['name', 'price', 'barcode', 'code', 'category', 'unit', 'cost', 'tax_rate', 'stock'];
/** Without these, a row is no product. */
export const REQUIRED_FIELDS: ReadonlySet<keyof ColumnMapping> = new Set<keyof ColumnMapping>(['name', 'price']);

const FIELDS: Readonly<Record<string, () => string>> = {
  code: m.field_code,
  barcode: m.field_barcode,
  barcodes: m.field_barcode,
  name: m.field_name,
  category: m.field_category,
  unit: m.field_unit,
  price: m.field_price,
  cost: m.field_cost,
  tax_rate: m.field_tax_rate,
  stock: m.field_stock,
  opening_stock: m.field_stock,
  phone: m.customer_phone,
  note: m.cart_note,
  favourite: m.product_favourite,
  archived: m.product_archived,
  track_stock: m.product_track,
  offline_policy: m.product_policy,
  category_id: m.field_category,
  colour: m.field_colour,
  picture: m.field_picture,
};

export function fieldWords(field: string): string {
  return FIELDS[field]?.() ?? field;
}

const FAULTS: Readonly<Record<string, () => string>> = {
  empty: m.fault_empty,
  too_long: m.fault_too_long,
  control_characters: m.fault_control_characters,
  negative: m.fault_negative,
  not_a_number: m.fault_not_a_number,
  too_many_decimals: m.fault_too_many_decimals,
  out_of_range: m.fault_out_of_range,
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
};

/** Why a row was left out, in words; the code itself when a newer program has a new reason. */
export function faultWords(code: string): string {
  return FAULTS[code]?.() ?? m.fault_other({ code });
}
