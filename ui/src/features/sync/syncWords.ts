/**
 * Words for what the sync panel names by code: kinds of operations, states, reasons, alerts, findings.
 * These lists grow with the program, so a code without words is shown as it is rather than hidden.
 */
import type { QueueState } from '$lib/host/bindings/QueueState';
import { m } from '$lib/paraglide/messages';

const KINDS: Readonly<Record<string, () => string>> = {
  'sale.complete': m.kind_sale,
  'entity.create': m.kind_create,
  'entity.update': m.kind_update,
  'entity.delete': m.kind_delete,
  'stock.adjust': m.kind_adjust,
  'conflict.resolve': m.kind_resolve,
  'conflict.reopen': m.kind_reopen,
  'mapping.dispute': m.kind_dispute,
};

export function kindWords(kind: string): string {
  return KINDS[kind]?.() ?? kind;
}

/** One operation in one line: what it does, and to what. */
export function operationWords(entry: { readonly kind: string; readonly subject: string }): string {
  return entry.subject === '' ? kindWords(entry.kind) : `${kindWords(entry.kind)} · ${entry.subject}`;
}

const STATES: Record<QueueState, () => string> = {
  pending: m.queue_pending,
  in_flight: m.queue_in_flight,
  acknowledged: m.queue_acknowledged,
  rejected: m.queue_rejected,
  parked: m.queue_parked,
  dead: m.queue_dead,
};

export type Tone = 'neutral' | 'ok' | 'warn' | 'danger' | 'info';

export const STATE_TONES: Record<QueueState, Tone> = {
  pending: 'info',
  in_flight: 'info',
  acknowledged: 'ok',
  rejected: 'warn',
  parked: 'warn',
  dead: 'danger',
};

export function queueStateWords(state: QueueState): string {
  return STATES[state]();
}

const REASONS: Readonly<Record<string, () => string>> = {
  'sync.unreachable': m.reason_unreachable,
  'sync.no_answer': m.reason_no_answer,
  'sync.not_the_server': m.reason_not_the_server,
  'sync.wrong_certificate': m.reason_wrong_certificate,
  'sync.bad_request': m.reason_bad_request,
  'sync.too_large': m.reason_too_large,
  'sync.resnapshot_required': m.reason_resnapshot,
  'sync.too_many_requests': m.reason_busy,
  'sync.unavailable': m.reason_busy,
  'sync.unauthorised': m.reason_unauthorised,
  'sync.revoked': m.reason_revoked,
  'sync.upgrade_required': m.reason_upgrade,
  'sync.refused': m.reason_refused,
  'alarm.body_mismatch': m.alarm_body_mismatch,
  'alarm.stale_epoch': m.alarm_stale_epoch,
  'alarm.chain_fault': m.alarm_chain_fault,
  'alarm.other_server': m.alarm_other_server,
  'alarm.denied': m.alarm_denied,
  'sync.blocked_by': m.reason_blocked_by,
  'sync.gap': m.reason_gap,
  'sync.retry': m.reason_busy,
  'upgrade.server': m.reason_upgrade_server,
  dependency_failed: m.reason_dependency,
  changed_on_disk: m.reason_changed_on_disk,
  validation: m.reason_validation,
  forbidden: m.reason_forbidden,
  closed_period: m.reason_closed_period,
  unknown_reference: m.reason_unknown_reference,
  withdrawn: m.reason_withdrawn,
  insufficient_stock: m.reason_insufficient_stock,
  left_out: m.reason_left_out,
};

/** Why something did not go through. A refusal of the server has `rejected.` in front, one of the last look before sending `invalid.`. */
export function reasonWords(code: string): string {
  return REASONS[code]?.() ?? REASONS[code.replace(/^(rejected|invalid)\./, '')]?.() ?? (code.startsWith('invalid.') ? m.reason_invalid() : code);
}

const RUNS: Readonly<Record<string, () => string>> = {
  push: m.run_push,
  pull: m.run_pull,
  first_sync: m.run_first_sync,
  round: m.run_round,
};

export function runWords(kind: string): string {
  return RUNS[kind]?.() ?? kind;
}

const ALERTS: Readonly<Record<string, () => string>> = {
  error_rate: m.alert_error_rate,
  stuck: m.alert_stuck,
  silence: m.alert_last_success,
  dead: m.alert_dead,
  clock: m.alert_clock,
};

export function alertWords(code: string): string {
  return ALERTS[code.replace(/^alert\./, '')]?.() ?? code;
}
