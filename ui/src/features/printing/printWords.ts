/** Words for the jobs of the printers. */
import type { PrintJob } from '$lib/host/bindings/PrintJob';
import type { PrintKind } from '$lib/host/bindings/PrintKind';
import type { PrintState } from '$lib/host/bindings/PrintState';
import type { PrintTrouble } from '$lib/host/bindings/PrintTrouble';
import type { Language } from '$lib/format/number';
import { formatClock } from '$lib/format/time';
import { m } from '$lib/paraglide/messages';

const TROUBLES: Record<PrintTrouble, () => string> = {
  no_printer: m.print_trouble_no_printer,
  bad_address: m.print_trouble_bad_address,
  not_writable: m.print_trouble_not_writable,
  unreachable: m.print_trouble_unreachable,
  no_answer: m.print_trouble_no_answer,
  paper_out: m.print_trouble_paper_out,
  cover_open: m.print_trouble_cover_open,
  out_of_order: m.print_trouble_out_of_order,
  broken_off: m.print_trouble_broken_off,
  stuck: m.print_trouble_stuck,
  interrupted: m.print_trouble_interrupted,
  unprintable: m.print_trouble_unprintable,
  too_late: m.print_trouble_too_late,
};

const STATES: Record<PrintState, () => string> = {
  waiting: m.print_state_waiting,
  printing: m.print_state_printing,
  done: m.print_state_done,
  failed: m.print_state_failed,
  cancelled: m.print_state_cancelled,
};

const TONES: Record<PrintState, 'info' | 'ok' | 'danger' | 'neutral'> = {
  waiting: 'info',
  printing: 'info',
  done: 'ok',
  failed: 'danger',
  cancelled: 'neutral',
};

/** What to call a job that has no title of its own. */
const KINDS: Record<PrintKind, () => string> = {
  receipt: m.print_kind_receipt,
  page: m.print_kind_page,
  drawer: m.print_kind_drawer,
};

export function troubleWords(trouble: PrintTrouble): string {
  return TROUBLES[trouble]();
}

/** What the notice of a sale says, whose program names the trouble by its code. */
export function noticeWords(code: string): string {
  return code in TROUBLES ? troubleWords(code as PrintTrouble) : '';
}

export function printStateWords(state: PrintState): string {
  return STATES[state]();
}

export function printTone(state: PrintState): 'info' | 'ok' | 'danger' | 'neutral' {
  return TONES[state];
}

export function jobTitle(job: PrintJob): string {
  return job.title === '' ? KINDS[job.kind]() : job.title;
}

/** When it was asked for, why it is not on paper, and when it is tried next. */
export function jobDetail(job: PrintJob, now: number, language: Language): string {
  const parts = [formatClock(job.asked_at_ms, language)];
  if (job.trouble !== null && job.state !== 'done' && job.state !== 'cancelled') parts.push(troubleWords(job.trouble));
  if (job.next_due_at_ms !== null && job.next_due_at_ms > now) parts.push(m.queue_next({ time: formatClock(job.next_due_at_ms, language) }));
  return parts.join(' · ');
}

/** Another try, or giving up, changes something. */
export function isOpen(job: PrintJob): boolean {
  return job.state === 'waiting' || job.state === 'failed';
}
