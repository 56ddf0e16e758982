/** The words of each document of the drawer. */
import type { DrawerEntry } from '$lib/host/bindings/DrawerEntry';
import { m } from '$lib/paraglide/messages';

/** What a difference between counted and expected means: nobody should have to read a sign. */
export function differenceWords(difference: number): string {
  if (difference === 0) return m.cash_even();
  return difference > 0 ? m.cash_over() : m.cash_short();
}

/** What it is, and what it says of why. */
export function entryWords(entry: DrawerEntry): { readonly what: string; readonly why: string } {
  const { content } = entry.document;
  switch (content.kind) {
    case 'shift_opening':
      return { what: m.entry_opening(), why: '' };
    case 'cash_movement': {
      const what = content.direction === 'in' ? m.cash_in() : content.expense === null ? m.cash_out() : m.entry_expense({ category: content.expense });
      return { what, why: content.note ?? '' };
    }
    case 'account_payment':
      return { what: m.entry_payment(), why: content.customer.name };
    case 'shift_closing':
      return { what: m.report_z({ z: content.z_number }), why: content.note ?? '' };
  }
}
