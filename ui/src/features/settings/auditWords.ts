/** Words for the lines of the audit trail; a kind of a newer program is shown by its code. */
import type { AuditEntry } from '$lib/host/bindings/AuditEntry';
import { formatMoney } from '$lib/format/money';
import { m } from '$lib/paraglide/messages';
import { choiceName, isChoice } from '$features/conflicts/conflictWords';
import { codeTitle, type Reading } from '$features/notices/errorWords';
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
  'mapping.contradiction': m.audit_mapping,
  'mapping.moved': m.audit_mapping_moved,
};

export function auditWords(what: string): string {
  return WHAT[what]?.() ?? what;
}

/** What the line is about: a setting and its value, a price and the one before, the reason of a refusal, a remark. */
export function auditDetail(entry: AuditEntry, reading: Reading): string {
  const { key, value, code, name, from, to, choice, note, reason } = entry.params;
  const money = (minor: unknown): string => (typeof minor === 'number' ? formatMoney(minor, reading.currency, reading.language) : '');
  const parts = [
    typeof key === 'string' ? settingWords(key, value) : null,
    typeof name === 'string' ? name : null,
    typeof from === 'number' ? `${money(from)} → ${money(to)}` : null,
    typeof code === 'string' ? codeTitle(code, reading) : null,
    isChoice(choice) ? choiceName(choice) : null,
    typeof note === 'string' ? m.quoted({ text: note }) : null,
    typeof reason === 'string' ? m.quoted({ text: reason }) : null,
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
