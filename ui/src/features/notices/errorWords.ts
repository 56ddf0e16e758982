/**
 * Words for every error code: what happened, what it means for the sale, what to do now.
 * A code without words does not compile.
 */
import { type CurrencyShape, formatMoney } from '$lib/format/money';
import type { Language } from '$lib/format/number';
import { formatQuantity } from '$lib/format/quantity';
import type { AnyCode, HostError } from '$lib/host/host';
import { m } from '$lib/paraglide/messages';
import { fieldName, problemWords } from './fieldWords';
import type { Notice } from './notices.svelte';

export interface Words {
  /** What happened. */
  readonly title: string;
  /** What it means, and what to do. */
  readonly text: string;
  readonly details?: readonly string[];
}

/** What amounts and quantities in parameters are written with. */
export interface Reading {
  readonly language: Language;
  readonly currency: CurrencyShape;
}

type Params = Readonly<Record<string, unknown>>;
type Write = (params: Params, reading: Reading) => Words;

const plain = (title: () => string, text: () => string): Write => () => ({ title: title(), text: text() });

/** Why an operation can be neither given up, nor corrected, nor tried again. */
function heldBecause(reason: string): string {
  switch (reason) {
    case 'document':
      return m.err_sync_not_discardable_document();
    case 'alarm':
      return m.err_sync_not_discardable_alarm();
    case 'awaited':
      return m.err_sync_not_discardable_awaited();
    case 'kind':
      return m.err_sync_not_editable_kind();
    case 'gone':
      return m.err_sync_not_editable_gone();
    case 'awaiting':
      return m.err_sync_not_retryable_awaiting();
    default:
      return m.err_sync_not_discardable_not_dead();
  }
}

/** Why a file became no picture. */
/** Why a sale cannot be taken back as a whole. */
function notVoidable(reason: string): string {
  switch (reason) {
    case 'other_register':
      return m.err_sale_not_voidable_other_register();
    case 'refunded':
      return m.err_sale_not_voidable_refunded();
    case 'closed':
      return m.err_sale_not_voidable_closed();
    default:
      return m.err_sale_not_voidable_not_a_sale();
  }
}

/** A means of payment in the middle of a sentence. */
function paidBy(kind: string): string {
  switch (kind) {
    case 'mobile':
      return m.tender_mobile();
    case 'card':
      return m.tender_card();
    default:
      return m.tender_cash();
  }
}

function pictureRefusal(reason: string, max: string): Words {
  switch (reason) {
    case 'file_too_large':
    case 'too_many_pixels':
      return { title: m.picture_too_large(), text: m.picture_too_large_do({ max }) };
    case 'damaged':
      return { title: m.picture_damaged(), text: m.picture_damaged_do() };
    default:
      return { title: m.err_picture_refused(), text: m.err_picture_refused_do() };
  }
}

const WORDS: Record<AnyCode, Write> = {
  'app.not_set_up': plain(m.err_app_not_set_up, m.err_app_not_set_up_do),
  'app.already_set_up': plain(m.err_app_already_set_up, m.err_app_already_set_up_do),
  'app.data_in_use': plain(m.err_app_data_in_use, m.err_app_data_in_use_do),
  'app.unknown_command': plain(m.err_app_unknown_command, m.err_app_unknown_command_do),
  'input.invalid': (p) => {
    const field = fieldName(text(p, 'field'));
    return field === null
      ? { title: m.input_misfit(), text: m.input_misfit_do() }
      : { title: m.err_input_invalid({ field }), text: m.err_input_invalid_do({ problem: problemWords(text(p, 'field'), text(p, 'problem')) }) };
  },
  'product.not_found': (p) => ({ title: m.err_product_not_found({ code: text(p, 'code') }), text: m.err_product_not_found_do() }),
  'product.duplicate_code': (p) => ({
    title: m.err_product_duplicate_code({ code: text(p, 'code'), name: text(p, 'name') }),
    text: m.err_product_duplicate_code_do(),
  }),
  'picture.refused': (p) => pictureRefusal(text(p, 'reason'), text(p, 'max_mib')),
  'product.archived': (p) => ({ title: m.err_product_archived({ name: text(p, 'name') }), text: m.err_product_archived_do() }),
  'category.not_found': plain(m.err_category_not_found, m.err_category_not_found_do),
  'category.duplicate_name': (p) => ({ title: m.err_category_duplicate_name({ name: text(p, 'name') }), text: m.err_category_duplicate_name_do() }),
  'customer.not_found': plain(m.err_customer_not_found, m.err_customer_not_found_do),
  'customer.duplicate_phone': (p) => ({
    title: m.err_customer_duplicate_phone({ phone: text(p, 'phone'), name: text(p, 'name') }),
    text: m.err_customer_duplicate_phone_do(),
  }),
  'customer.duplicate_code': (p) => ({
    title: m.err_customer_duplicate_code({ code: text(p, 'code'), name: text(p, 'name') }),
    text: m.err_customer_duplicate_code_do(),
  }),
  'customer.ambiguous': (p) => ({ title: m.err_customer_ambiguous({ text: text(p, 'text') }), text: m.err_customer_ambiguous_do() }),
  'account.limit_exceeded': (p, reading) => ({
    title: m.err_account_limit_exceeded({ name: text(p, 'name'), excess: money(p, 'excess', reading) }),
    text: m.err_account_limit_exceeded_do({ balance: money(p, 'balance', reading), limit: money(p, 'limit', reading), excess: money(p, 'excess', reading) }),
  }),
  'account.no_credit': (p, reading) => ({
    title: m.err_account_no_credit({ name: text(p, 'name'), credit: money(p, 'credit', reading) }),
    text: m.err_account_no_credit_do(),
  }),
  'account.overpaid': (p, reading) => ({
    title: m.err_account_overpaid({ excess: money(p, 'excess', reading) }),
    text: m.err_account_overpaid_do({ debt: money(p, 'debt', reading) }),
  }),
  'account.not_settled': (p) => ({ title: m.err_account_not_settled({ name: text(p, 'name') }), text: m.err_account_not_settled_do() }),
  'cashier.not_found': plain(m.err_cashier_not_found, m.err_cashier_not_found_do),
  'shift.not_open': plain(m.err_shift_not_open, m.err_shift_not_open_do),
  'shift.already_open': (p) => ({ title: m.err_shift_already_open({ number: text(p, 'number'), cashier: text(p, 'cashier') }), text: m.err_shift_already_open_do() }),
  'shift.nothing_to_close': plain(m.err_shift_nothing_to_close, m.err_shift_nothing_to_close_do),
  'report.not_found': plain(m.err_report_not_found, m.err_report_not_found_do),
  'cart.empty': plain(m.err_cart_empty, m.err_cart_empty_do),
  'cart.line_not_found': plain(m.err_cart_line_not_found, m.err_cart_line_not_found_do),
  'cart.not_found': plain(m.err_cart_not_found, m.err_cart_not_found_do),
  'cart.full': (p) => ({ title: m.err_cart_full({ max: text(p, 'max') }), text: m.err_cart_full_do() }),
  'cart.nothing_to_undo': plain(m.err_cart_nothing_to_undo, m.err_cart_nothing_to_undo_do),
  'sale.insufficient_stock': (p, reading) => ({
    title: m.err_sale_insufficient_stock(),
    text: m.err_sale_insufficient_stock_do(),
    details: shortLines(p, reading),
  }),
  'sale.blocked_offline': (p, reading) => ({
    title: m.err_sale_blocked_offline(),
    text: m.err_sale_blocked_offline_do(),
    details: shortLines(p, reading),
  }),
  'sale.needs_server': plain(m.err_sale_needs_server, m.err_sale_needs_server_do),
  'sale.underpaid': (p, reading) => ({ title: m.err_sale_underpaid({ missing: money(p, 'missing', reading) }), text: m.err_sale_underpaid_do() }),
  'sale.overpaid': (p, reading) => ({ title: m.err_sale_overpaid({ excess: money(p, 'excess', reading) }), text: m.err_sale_overpaid_do() }),
  'sale.tender_invalid': (p) => ({ title: m.err_sale_tender_invalid({ index: text(p, 'index') }), text: m.err_sale_tender_invalid_do() }),
  'sale.refused': (p) => ({ title: m.err_sale_refused(), text: m.err_sale_refused_do({ reason: text(p, 'reason') }) }),
  'sale.not_found': plain(m.err_sale_not_found, m.err_sale_not_found_do),
  'refund.beyond': (p, reading) => ({
    title: m.err_refund_beyond(),
    text: m.err_refund_beyond_do(),
    details: shortLines(p, reading, m.err_refund_beyond_line),
  }),
  'refund.tender': (p, reading) => ({
    title: m.err_refund_tender(),
    text: m.err_refund_tender_do({ kind: paidBy(text(p, 'kind')), most: money(p, 'most', reading) }),
  }),
  'sale.serial_missing': (p) => ({ title: m.err_sale_serial_missing(), text: m.err_sale_serial_missing_do(), details: namesOf(p) }),
  'serial.not_there': (p) => ({ title: m.err_serial_not_there({ serial: text(p, 'serial') }), text: m.err_serial_not_there_do() }),
  'sale.not_voidable': (p) => ({ title: m.err_sale_not_voidable(), text: notVoidable(text(p, 'reason')) }),
  'import.unreadable': plain(m.err_import_unreadable, m.err_import_unreadable_do),
  'import.missing_column': (p) => ({ title: m.err_import_missing_column({ column: text(p, 'column') }), text: m.err_import_missing_column_do() }),
  'join.code_refused': plain(m.err_join_code_refused, m.err_join_code_refused_do),
  'join.bad_address': plain(m.err_join_bad_address, m.err_join_bad_address_do),
  'join.plain_http': plain(m.err_join_plain_http, m.err_join_plain_http_do),
  'join.business_not_empty': plain(m.err_join_business_not_empty, m.err_join_business_not_empty_do),
  'join.already_joined': plain(m.err_join_already_joined, m.err_join_already_joined_do),
  'sync.not_joined': plain(m.err_sync_not_joined, m.err_sync_not_joined_do),
  'sync.unreachable': plain(m.err_sync_unreachable, m.err_sync_unreachable_do),
  'sync.not_the_server': plain(m.err_sync_not_the_server, m.err_sync_not_the_server_do),
  'sync.wrong_certificate': plain(m.err_sync_wrong_certificate, m.err_sync_wrong_certificate_do),
  'sync.refused': (p) => ({ title: m.err_sync_refused(), text: m.err_sync_refused_do({ detail: text(p, 'detail') }) }),
  'sync.not_discardable': (p) => ({ title: m.err_sync_not_discardable(), text: heldBecause(text(p, 'reason')) }),
  'sync.not_editable': (p) => ({ title: m.err_sync_not_editable(), text: heldBecause(text(p, 'reason')) }),
  'sync.not_retryable': (p) => ({ title: m.err_sync_not_retryable(), text: heldBecause(text(p, 'reason')) }),
  'sync.operation_not_found': plain(m.err_sync_operation_not_found, m.err_sync_operation_not_found_do),
  'conflict.not_found': plain(m.err_conflict_not_found, m.err_conflict_not_found_do),
  'conflict.choice_not_offered': plain(m.err_conflict_choice_not_offered, m.err_conflict_choice_not_offered_do),
  'conflict.already_resolved': plain(m.err_conflict_already_resolved, m.err_conflict_already_resolved_do),
  'conflict.not_reversible': plain(m.err_conflict_not_reversible, m.err_conflict_not_reversible_do),
  'setting.invalid': (p) => ({
    title: m.err_setting_invalid({ field: fieldName(text(p, 'key')) ?? text(p, 'key') }),
    text: m.err_setting_invalid_do({ problem: problemWords(text(p, 'key'), text(p, 'problem')) }),
  }),
  'approval.refused': plain(m.err_approval_refused, m.err_approval_refused_do),
  'person.duplicate_name': (p) => ({ title: m.err_person_duplicate_name({ name: text(p, 'name') }), text: m.err_person_duplicate_name_do() }),
  'person.owner_only': plain(m.err_person_owner_only, m.err_person_owner_only_do),
  'person.last_owner': plain(m.err_person_last_owner, m.err_person_last_owner_do),
  'person.at_register': plain(m.err_person_at_register, m.err_person_at_register_do),
  'session.locked': plain(m.err_session_locked, m.err_session_locked_do),
  'session.no_pins': plain(m.err_session_no_pins, m.err_session_no_pins_do),
  'pin.needed': (p) => ({ title: m.err_pin_needed({ name: text(p, 'name') }), text: m.err_pin_needed_do() }),
  'pin.missing': (p) => ({ title: m.err_pin_missing({ name: text(p, 'name') }), text: m.err_pin_missing_do() }),
  'pin.wrong': (p) => {
    const title = text(p, 'seconds') === '0' ? m.err_pin_wrong({ tries: text(p, 'tries') }) : m.err_pin_wrong_wait({ seconds: text(p, 'seconds') });
    return { title, text: m.err_pin_wrong_do() };
  },
  'pin.wait': (p) => ({ title: m.err_pin_wait({ seconds: text(p, 'seconds') }), text: m.err_pin_wrong_do() }),
  'permission.denied': plain(m.err_permission_denied, m.err_permission_denied_do),
  'print.failed': plain(m.err_print_failed, m.err_print_failed_do),
  'print.no_printer': plain(m.err_print_no_printer, m.err_print_no_printer_do),
  'print.job_not_found': plain(m.err_print_job_not_found, m.err_print_job_not_found_do),
  'print.job_closed': plain(m.err_print_job_closed, m.err_print_job_closed_do),
  'file.failed': (p) => ({ title: m.err_file_failed(), text: m.err_file_failed_do({ path: text(p, 'path') }) }),
  'backup.not_found': plain(m.err_backup_not_found, m.err_backup_not_found_do),
  'backup.unsound': plain(m.err_backup_unsound, m.err_backup_unsound_do),
  'backup.other_register': plain(m.err_backup_other_register, m.err_backup_other_register_do),
  'recovery.not_fenced': plain(m.err_recovery_not_fenced, m.err_recovery_not_fenced_do),
  'storage.disk_low': (p) => ({
    title: m.err_storage_disk_low(),
    text: m.err_storage_disk_low_do({ free: text(p, 'free_mib'), needed: text(p, 'needed_mib') }),
  }),
  'storage.disk_full': plain(m.err_storage_disk_full, m.err_storage_disk_full_do),
  'storage.corrupt': plain(m.err_storage_corrupt, m.err_storage_corrupt_do),
  'storage.newer_file': plain(m.err_storage_newer_file, m.err_storage_newer_file_do),
  'storage.unknown_outcome': plain(m.err_storage_unknown_outcome, m.err_storage_unknown_outcome_do),
  'storage.failed': plain(m.err_storage_failed, m.err_storage_failed_do),
  internal: plain(m.err_internal, m.err_internal_do),
  'host.timeout': plain(m.err_host_timeout, m.err_host_timeout_do),
  'host.unreadable': plain(m.err_host_unreadable, m.err_host_unreadable_do),
};

/** The words of an error. A code that this window does not know yet (a newer program) still gets a sentence. */
export function errorWords(error: HostError, reading: Reading): Words {
  if (isKnown(error.code)) return WORDS[error.code](error.params, reading);
  return { title: m.err_unknown({ code: error.code }), text: m.err_unknown_do() };
}

/** The words of a code that stands alone, as in the queue or the health list. Null when it has none. */
export function codeTitle(code: string, reading: Reading): string | null {
  return isKnown(code) ? WORDS[code]({}, reading).title : null;
}

/** An error as a notice of its topic. */
export function errorNotice(error: HostError, topic: string, reading: Reading): Notice {
  const bug = error.code === 'internal' || error.code === 'host.unreadable' || !isKnown(error.code);
  return { ...errorWords(error, reading), tone: 'danger', topic, ...(bug && error.traceId !== '' ? { traceId: error.traceId } : {}) };
}

function isKnown(code: string): code is AnyCode {
  return Object.hasOwn(WORDS, code);
}

function text(params: Params, name: string): string {
  const value = params[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function money(params: Params, name: string, reading: Reading): string {
  const value = params[name];
  return typeof value === 'number' ? formatMoney(value, reading.currency, reading.language) : '';
}

/** Names of the goods that a refusal is about. */
function namesOf(params: Params): string[] {
  const lines: unknown = params['lines'];
  if (!Array.isArray(lines)) return [];
  return lines.flatMap((line: unknown) => (typeof line === 'object' && line !== null && 'name' in line && typeof line.name === 'string' ? [line.name] : []));
}

type ShortLine = { name: string; asked: string; available: string };

function shortLines(params: Params, reading: Reading, say: (line: ShortLine) => string = m.err_short_line): string[] {
  const lines: unknown = params['lines'];
  if (!Array.isArray(lines)) return [];
  return lines.filter(isShortLine).map((line) =>
    say({
      name: line.name,
      asked: formatQuantity(line.asked, reading.language),
      available: formatQuantity(line.available, reading.language),
    }),
  );
}

function isShortLine(line: unknown): line is { name: string; asked: number; available: number } {
  if (typeof line !== 'object' || line === null) return false;
  const { name, asked, available } = line as Record<string, unknown>;
  return typeof name === 'string' && typeof asked === 'number' && typeof available === 'number';
}
