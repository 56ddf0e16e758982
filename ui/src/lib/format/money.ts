/**
 * Money as it is shown and typed. Money is only written and read here, never added, taxed or rounded:
 * every sum on the screen was computed by Rust.
 */
import { formatScaled, formatTyped, type Language, MINUS, NO_BREAK_SPACE, parseScaled } from './number';

/** How a currency is written: ISO 4217 code and the number of its decimals (GNF 0, EUR 2, KWD 3). */
export interface CurrencyShape {
  readonly code: string;
  readonly exponent: number;
}

/** Currencies that people know by a sign; all others are shown by their code. */
const SIGNS: Readonly<Record<string, string>> = { EUR: '€', USD: '$', GBP: '£' };

/** The amount alone, for columns whose currency is known: `125 000`, `12,50`. */
export function formatAmount(minor: number, currency: CurrencyShape, language: Language): string {
  return formatScaled(minor, currency.exponent, language);
}

/** The amount with its currency: `125 000 GNF` in French, `GNF 125,000` in English. */
export function formatMoney(minor: number, currency: CurrencyShape, language: Language): string {
  const sign = SIGNS[currency.code];
  if (language === 'fr') {
    return formatAmount(minor, currency, language) + NO_BREAK_SPACE + (sign ?? currency.code);
  }
  const amount = formatScaled(Math.abs(minor), currency.exponent, language);
  const before = sign ?? currency.code + NO_BREAK_SPACE;
  return (minor < 0 ? MINUS : '') + before + amount;
}

/** Minor units of a typed amount, or `null` when it is not an amount of this currency. */
export function parseAmount(text: string, currency: CurrencyShape): number | null {
  return parseScaled(text, currency.exponent);
}

/** The amount as a person would type it into a field. */
export function typedAmount(minor: number, currency: CurrencyShape, language: Language): string {
  return formatTyped(minor, currency.exponent, language);
}
