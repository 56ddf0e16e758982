/** Words for kinds of rows and kinds of operations; unknown ones of a newer program are shown as they are. */
import { m } from '$lib/paraglide/messages';

const ENTITIES: Readonly<Record<string, () => string>> = {
  setting: m.entity_setting,
  category: m.entity_category,
  product: m.entity_product,
  stock: m.entity_stock,
  customer: m.entity_customer,
  cashier: m.entity_cashier,
  conflict: m.entity_conflict,
  sale: m.entity_sale,
};

export function entityWords(entity: string): string {
  return ENTITIES[entity]?.() ?? entity;
}
