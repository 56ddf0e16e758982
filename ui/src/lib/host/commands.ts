/** Names and shapes of the commands, from the list of pos-api; and how long each may take. */
import type { Commands } from './bindings/commands';

export type CommandName = keyof Commands;
export type Request<Name extends CommandName> = Commands[Name]['request'];
export type Response<Name extends CommandName> = Commands[Name]['response'];

/** Reads and small changes of the local file take milliseconds; this is "something is badly wrong". */
export const USUAL_TIMEOUT_MS = 15_000;

/** Commands that wait for a server, a printer or a large file. */
const TIMEOUTS_MS: Partial<Record<CommandName, number>> = {
  // The longest checkout deadline is 30 s; then the sale is finished locally.
  'sale.complete': 45_000,
  'refund.complete': 45_000,
  'sale.void': 45_000,
  // A verified copy of everything is made with each Z.
  'shift.close': 300_000,
  'label.save': 60_000,
  'label.print': 60_000,
  'shop.create_demo': 60_000,
  'shop.join': 120_000,
  'shop.connect': 120_000,
  // A large photograph is unpacked and made small.
  'picture.add': 60_000,
  'import.preview': 60_000,
  'import.run': 600_000,
  'sync.now': 120_000,
  'sync.dry_run': 60_000,
  'verify.run': 600_000,
  'sync.compare': 600_000,
  'sync.retry_all': 60_000,
  'sync.export': 120_000,
  'backup.make': 300_000,
  'backup.restore': 600_000,
  'recovery.go_on': 60_000,
};

/** How long the window waits for an answer, in milliseconds. */
export function timeoutOf(name: CommandName): number {
  return TIMEOUTS_MS[name] ?? USUAL_TIMEOUT_MS;
}
