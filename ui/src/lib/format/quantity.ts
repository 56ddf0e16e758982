/** Quantities cross as thousandths (`qty_milli`): 1000 is one piece, 1500 is 1,5 kg. */
import { formatTrimmed, formatTyped, type Language, parseScaled } from './number';

/** One piece. */
export const ONE = 1000;
const DECIMALS = 3;

export function formatQuantity(milli: number, language: Language): string {
  return formatTrimmed(milli, DECIMALS, language);
}

/** Thousandths of a typed quantity, or `null` when it is not one. */
export function parseQuantity(text: string): number | null {
  return parseScaled(text, DECIMALS);
}

export function typedQuantity(milli: number, language: Language): string {
  return formatTyped(milli, DECIMALS, language).replace(/[.,]?0{1,3}$/, '');
}
