/** Which fields of a product a file may bring. */
import type { ColumnMapping } from '$lib/host/bindings/ColumnMapping';

export const IMPORT_FIELDS: readonly (keyof ColumnMapping)[] = ['name', 'price', 'barcode', 'code', 'category', 'unit', 'cost', 'tax_rate', 'stock'];
/** Without these, a row is no product. */
export const REQUIRED_FIELDS: ReadonlySet<keyof ColumnMapping> = new Set<keyof ColumnMapping>(['name', 'price']);
