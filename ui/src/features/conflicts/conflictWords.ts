/** Words for conflicts: what they are, what each choice means, and the values of disputed fields. */
import { formatMoney } from '$lib/format/money';
import { formatPercent } from '$lib/format/rate';
import type { Conflict } from '$lib/host/bindings/Conflict';
import type { ConflictChoice } from '$lib/host/bindings/ConflictChoice';
import type { ConflictEventKind } from '$lib/host/bindings/ConflictEventKind';
import type { ConflictKind } from '$lib/host/bindings/ConflictKind';
import { m } from '$lib/paraglide/messages';
import type { Reading } from '$features/notices/errorWords';

const KINDS: Record<ConflictKind, () => string> = {
  edit_edit: m.conflict_kind_edit_edit,
  edit_delete: m.conflict_kind_edit_delete,
  duplicate_identity: m.conflict_kind_duplicate,
  oversold: m.conflict_kind_oversold,
  price_changed: m.conflict_kind_price,
};

export function conflictKindWords(kind: ConflictKind): string {
  return KINDS[kind]();
}

/** What happened, in one sentence. */
export function conflictStory(conflict: Conflict): string {
  const register = conflict.register;
  const other = conflict.other_register ?? m.conflict_the_server();
  switch (conflict.kind) {
    case 'edit_edit':
      return m.conflict_story_edit_edit({ register, other });
    case 'edit_delete':
      return m.conflict_story_edit_delete({ register, other });
    case 'duplicate_identity':
      return m.conflict_story_duplicate({ register, other });
    case 'oversold':
      return m.conflict_story_oversold({ register });
    case 'price_changed':
      return m.conflict_story_price({ register });
  }
}

const CHOICES: Record<ConflictChoice, { readonly title: (sides: Sides) => string; readonly text: () => string }> = {
  keep_mine: { title: ({ register }) => m.choice_keep_mine({ register }), text: m.choice_keep_mine_text },
  keep_theirs: { title: ({ other }) => m.choice_keep_theirs({ other }), text: m.choice_keep_theirs_text },
  merge: { title: () => m.choice_merge(), text: m.choice_merge_text },
  accept_count: { title: () => m.choice_accept_count(), text: m.choice_accept_count_text },
  transfer: { title: () => m.choice_transfer(), text: m.choice_transfer_text },
  order: { title: () => m.choice_order(), text: m.choice_order_text },
  refund: { title: () => m.choice_refund(), text: m.choice_refund_text },
  accept_price: { title: () => m.choice_accept_price(), text: m.choice_accept_price_text },
};

interface Sides {
  readonly register: string;
  readonly other: string;
}

export function choiceTitle(choice: ConflictChoice, conflict: Conflict): string {
  return CHOICES[choice].title({ register: conflict.register, other: conflict.other_register ?? m.conflict_the_server() });
}

/** A choice where the conflict itself is not at hand, as in the audit trail. */
export function choiceName(choice: ConflictChoice): string {
  return CHOICES[choice].title({ register: m.audit_the_register(), other: m.conflict_the_server() });
}

export function isChoice(value: unknown): value is ConflictChoice {
  return typeof value === 'string' && Object.hasOwn(CHOICES, value);
}

export function choiceText(choice: ConflictChoice): string {
  return CHOICES[choice].text();
}

const EVENTS: Record<ConflictEventKind, () => string> = {
  opened: m.conflict_event_opened,
  resolved: m.conflict_event_resolved,
  reopened: m.conflict_event_reopened,
};

export function eventWords(kind: ConflictEventKind): string {
  return EVENTS[kind]();
}

const MONEY_FIELDS: ReadonlySet<string> = new Set(['price', 'cost']);
const POLICIES: Readonly<Record<string, () => string>> = { allow: m.policy_allow, warn: m.policy_warn, block: m.policy_block };

/** A field's value as people read it. */
export function valueWords(field: string, value: unknown, reading: Reading): string {
  if (value === null || value === undefined || value === '') return m.none();
  if (typeof value === 'number') {
    if (MONEY_FIELDS.has(field)) return formatMoney(value, reading.currency, reading.language);
    return field === 'tax_rate' ? formatPercent(value, reading.language) : String(value);
  }
  if (typeof value === 'boolean') return value ? m.yes() : m.no();
  if (typeof value === 'string') return field === 'offline_policy' ? (POLICIES[value]?.() ?? value) : value;
  return Array.isArray(value) ? value.map((v) => valueWords(field, v, reading)).join(', ') : JSON.stringify(value);
}
