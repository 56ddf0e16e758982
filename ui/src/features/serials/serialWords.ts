/** Words for what happens to things that bear a number. */
import type { SerialChange } from '$lib/host/bindings/SerialChange';
import type { SerialLife } from '$lib/host/bindings/SerialLife';
import { m } from '$lib/paraglide/messages';

export const CHANGE_WORDS: Readonly<Record<SerialChange, () => string>> = {
  received: m.serial_received,
  traded_in: m.serial_traded_in,
  sold: m.serial_sold,
  returned: m.serial_returned,
  sent_to_repair: m.serial_sent_to_repair,
  repaired: m.serial_repaired,
  lost: m.serial_lost,
};

/** What people note; documents tell the rest. */
export type NotedChange = Exclude<SerialChange, 'sold' | 'returned' | 'traded_in'>;

/** What may be noted of a thing: it comes in while it is away and goes out while it is here. */
export function notable(life: SerialLife): readonly NotedChange[] {
  const last = life.events.at(-1)?.change;
  if (last === undefined) return ['received'];
  if (last === 'sent_to_repair') return ['repaired', 'lost'];
  return life.is_here === true ? ['sent_to_repair', 'lost'] : ['received'];
}
