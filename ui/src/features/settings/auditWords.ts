/** Words for the lines of the audit trail; a new kind of a newer program is shown by its code. */
import { m } from '$lib/paraglide/messages';

const WHAT: Readonly<Record<string, () => string>> = {
  'shop.created': m.audit_shop_created,
  'shop.joined': m.audit_shop_joined,
  'shop.connected': m.audit_shop_connected,
  'cashier.switched': m.audit_cashier_switched,
  'sale.completed': m.audit_sale_completed,
  'sale.rolled_back': m.audit_sale_rolled_back,
  'sale.reprinted': m.audit_sale_reprinted,
  'receipt.reprinted': m.audit_sale_reprinted,
  'product.created': m.audit_product_created,
  'product.updated': m.audit_product_updated,
  'product.deleted': m.audit_product_deleted,
  'price.overridden': m.audit_price_overridden,
  'import.done': m.audit_import,
  'setting.changed': m.audit_setting,
  'sync.paused': m.audit_sync_paused,
  'sync.resumed': m.audit_sync_resumed,
  'conflict.resolved': m.audit_conflict_resolved,
  'conflict.reopened': m.audit_conflict_reopened,
};

export function auditWords(what: string): string {
  return WHAT[what]?.() ?? what;
}
