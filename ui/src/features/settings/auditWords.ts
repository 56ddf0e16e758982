/** Words for the lines of the audit trail; a kind of a newer program is shown by its code. */
import type { AuditEntry } from '$lib/host/bindings/AuditEntry';
import { formatMoney } from '$lib/format/money';
import { m } from '$lib/paraglide/messages';
import { choiceName, isChoice } from '$features/conflicts/conflictWords';
import { codeTitle, type Reading } from '$features/notices/errorWords';
import { PERMISSION_WORDS, ROLE_WORDS } from '$features/people/peopleWords';
import { fieldWords } from '$features/notices/fieldWords';

const WHAT: Readonly<Record<string, () => string>> = {
  'setting.changed': m.audit_setting,
  'price.overridden': m.audit_price,
  'life.begun': m.audit_backup_restored,
  'sync.discarded': m.audit_discarded,
  'sync.replaced': m.audit_resent,
  'sync.circle_opened': m.audit_retried,
  'sale.rolled_back': m.audit_sale_rolled_back,
  'conflict.resolved': m.audit_conflict_resolved,
  'conflict.reopened': m.audit_conflict_reopened,
  'sale.refunded': m.audit_sale_refunded,
  'sale.voided': m.audit_sale_voided,
  'sale.exchanged': m.audit_sale_exchanged,
  'cart.taken_twice': m.audit_cart_taken_twice,
  'customer.deleted': m.audit_customer_deleted,
  'shift.opened': m.audit_shift_opened,
  'shift.closed': m.audit_shift_closed,
  'cash.moved': m.audit_cash_moved,
  'account.paid': m.audit_account_paid,
  'session.login': m.audit_login,
  'session.locked': m.audit_locked,
  'pin.set': m.audit_pin_set,
  'pin.cleared': m.audit_pin_cleared,
  'pin.wrong': m.audit_pin_wrong,
  'person.created': m.audit_person_created,
  'person.changed': m.audit_person_changed,
  'person.removed': m.audit_person_removed,
  'approval.given': m.audit_approval,
  'mapping.contradiction': m.audit_mapping,
  'mapping.moved': m.audit_mapping_moved,
};

/** Why goods came back; any other reason is a person's own words. */
const REASONS: Readonly<Record<string, () => string>> = {
  defective: m.refund_reason_defective,
  wrong_item: m.refund_reason_wrong_item,
  not_wanted: m.refund_reason_not_wanted,
  price: m.refund_reason_price,
  other: m.refund_reason_other,
};

/** Kinds of entries that people look for: what stands before the dot of their codes. */
export function auditKinds(): { value: string; label: string }[] {
  return [
    { value: 'session', label: m.audit_kind_session() },
    { value: 'pin', label: m.audit_kind_pin() },
    { value: 'person', label: m.people_title() },
    { value: 'approval', label: m.audit_kind_approval() },
    { value: 'price', label: m.audit_price() },
    { value: 'sale', label: m.nav_sell() },
    { value: 'shift', label: m.audit_kind_shift() },
    { value: 'cash', label: m.audit_cash_moved() },
    { value: 'account', label: m.audit_account_paid() },
    { value: 'customer', label: m.nav_customers() },
    { value: 'setting', label: m.nav_settings() },
    { value: 'conflict', label: m.nav_conflicts() },
    { value: 'sync', label: m.nav_sync() },
  ];
}

export function auditWords(what: string): string {
  return WHAT[what]?.() ?? what;
}

/** Who did it; what nobody did was done by the sync. */
export function auditActor(entry: AuditEntry): string {
  return entry.actor === 'sync' ? m.nav_sync() : (entry.actor ?? '');
}

/** What the line is about: a setting and its value, a price and the one before, the reason of a refusal, a remark. */
export function auditDetail(entry: AuditEntry, reading: Reading): string {
  const { key, value, code, name, from, to, choice, note, number, reason, permission, amount, role } = entry.params;
  const asker = entry.params['for'];
  const money = (minor: unknown): string => (typeof minor === 'number' ? formatMoney(minor, reading.currency, reading.language) : '');
  const parts = [
    typeof key === 'string' ? settingWords(key, value) : null,
    typeof name === 'string' ? name : null,
    typeof from === 'number' ? `${money(from)} → ${money(to)}` : null,
    isRole(role) ? ROLE_WORDS[role]() : null,
    isPermission(permission) ? PERMISSION_WORDS[permission]() : null,
    typeof number === 'string' ? number : null,
    typeof amount === 'number' ? money(amount) : null,
    typeof asker === 'string' ? m.audit_for({ name: asker }) : null,
    typeof code === 'string' ? codeTitle(code, reading) : null,
    isChoice(choice) ? choiceName(choice) : null,
    typeof note === 'string' ? m.quoted({ text: note }) : null,
    typeof reason === 'string' ? (REASONS[reason]?.() ?? m.quoted({ text: reason })) : null,
  ];
  return parts.filter((part) => part !== null).join(' · ');
}

/** A setting, with its value where that can be said in a word; what has parts is left to the screen of settings. */
function settingWords(key: string, value: unknown): string {
  const field = fieldWords(key);
  if (typeof value === 'boolean') return m.audit_setting_value({ field, value: value ? m.yes() : m.no() });
  if (typeof value === 'string') return m.audit_setting_value({ field, value: m.quoted({ text: value }) });
  return typeof value === 'number' ? m.audit_setting_value({ field, value: String(value) }) : field;
}

function isPermission(value: unknown): value is keyof typeof PERMISSION_WORDS {
  return typeof value === 'string' && Object.hasOwn(PERMISSION_WORDS, value);
}

function isRole(value: unknown): value is keyof typeof ROLE_WORDS {
  return typeof value === 'string' && Object.hasOwn(ROLE_WORDS, value);
}
