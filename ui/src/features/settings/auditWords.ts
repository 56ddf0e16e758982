/** Words for the lines of the audit trail; a kind of a newer program is shown by its code. */
import type { AuditEntry } from '$lib/host/bindings/AuditEntry';
import { m } from '$lib/paraglide/messages';
import { codeTitle, type Reading } from '$features/notices/errorWords';

const WHAT: Readonly<Record<string, () => string>> = {
  'setting.changed': m.audit_setting,
  'sale.rolled_back': m.audit_sale_rolled_back,
  'conflict.resolved': m.audit_conflict_resolved,
  'conflict.reopened': m.audit_conflict_reopened,
  'mapping.contradiction': m.audit_mapping,
};

export function auditWords(what: string): string {
  return WHAT[what]?.() ?? what;
}

/** What the line is about: a setting and its value, the reason of a refusal, a remark. */
export function auditDetail(entry: AuditEntry, reading: Reading): string {
  const { key, value, code, choice, note } = entry.params;
  const parts = [
    typeof key === 'string' ? `${key} = ${JSON.stringify(value)}` : null,
    typeof code === 'string' ? (codeTitle(code, reading) ?? code) : null,
    typeof choice === 'string' ? choice : null,
    typeof note === 'string' ? m.quoted({ text: note }) : null,
  ];
  return parts.filter((part) => part !== null).join(' · ');
}
