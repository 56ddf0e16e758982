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
  refund_beyond_bounds: m.conflict_kind_refund,
  mapping_contradiction: m.conflict_kind_mapping,
  fork: m.conflict_kind_fork,
  serial_twice: m.conflict_kind_serial,
  not_approved: m.conflict_kind_not_approved,
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
    case 'refund_beyond_bounds':
      return m.conflict_story_refund({ register, cashier: conflict.refund?.cashier ?? '' });
    case 'mapping_contradiction':
      return m.conflict_story_mapping({ register });
    case 'fork':
      return m.conflict_story_fork({ register });
    case 'serial_twice':
      return m.conflict_story_serial({ register, other, serial: conflict.title });
    case 'not_approved':
      return m.conflict_story_not_approved({ register, cashier: conflict.unapproved?.cashier ?? m.conflict_the_cashier() });
  }
}

const CHOICES: Record<ConflictChoice, { readonly title: (sides: Sides) => string; readonly text: () => string }> = {
  keep_mine: { title: ({ register }) => m.choice_keep_mine({ register }), text: m.choice_keep_mine_text },
  keep_theirs: { title: ({ other }) => m.choice_keep_theirs({ other }), text: m.choice_keep_theirs_text },
  merge: { title: () => m.choice_merge(), text: m.choice_merge_text },
  accept_count: { title: () => m.choice_accept_count(), text: m.choice_accept_count_text },
  order: { title: () => m.choice_order(), text: m.choice_order_text },
  refund: { title: () => m.choice_refund(), text: m.choice_refund_text },
  accept_price: { title: () => m.choice_accept_price(), text: m.choice_accept_price_text },
  take_goods: { title: () => m.choice_take_goods(), text: m.choice_take_goods_text },
  accept_loss: { title: () => m.choice_accept_loss(), text: m.choice_accept_loss_text },
  cashier_owes: { title: ({ cashier }) => m.choice_cashier_owes({ cashier }), text: m.choice_cashier_owes_text },
  keep_mapping: { title: ({ current }) => m.choice_keep_mapping({ name: current }), text: m.choice_keep_mapping_text },
  move_mapping: { title: ({ second }) => m.choice_move_mapping({ name: second }), text: m.choice_move_mapping_text },
  record_branch: { title: () => m.choice_record_branch(), text: m.choice_record_branch_text },
  leave_branch: { title: () => m.choice_leave_branch(), text: m.choice_leave_branch_text },
  keep_both: { title: () => m.choice_keep_both(), text: m.choice_keep_both_text },
  correct_serial: { title: () => m.choice_correct_serial(), text: m.choice_correct_serial_text },
  acknowledge: { title: () => m.choice_acknowledge(), text: m.choice_acknowledge_text },
};

interface Sides {
  readonly register: string;
  readonly other: string;
  readonly cashier: string;
  /** The row that a contested id means now, and the one that it may mean. */
  readonly current: string;
  readonly second: string;
}

export function choiceTitle(choice: ConflictChoice, conflict: Conflict): string {
  return CHOICES[choice].title({
    register: conflict.register,
    other: conflict.other_register ?? m.conflict_the_server(),
    cashier: conflict.refund?.cashier ?? m.conflict_the_cashier(),
    current: conflict.contested?.current.name ?? m.mapping_current(),
    second: conflict.contested?.other.name ?? m.mapping_other(),
  });
}

/** A choice where the conflict itself is not at hand, as in the audit trail. */
export function choiceName(choice: ConflictChoice): string {
  return CHOICES[choice].title({
    register: m.audit_the_register(),
    other: m.conflict_the_server(),
    cashier: m.conflict_the_cashier(),
    current: m.mapping_current(),
    second: m.mapping_other(),
  });
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
