/**
 * Numbers as a reader of the current language writes them.
 *
 * Owns grouping and decimal marks. Works on the digits of integers: no amount is ever divided, so no
 * amount is ever rounded. `Intl` is not used because web views differ in the separators they give for
 * fr-GN, and a till and its receipt must agree.
 */
export type Language = 'fr' | 'en';

/** U+202F, narrow no-break space: groups digits in French without ever breaking a line. */
export const NARROW_SPACE = '\u202f';
/** U+00A0, no-break space: between an amount and its currency. */
export const NO_BREAK_SPACE = '\u00a0';
/** U+2212, the minus sign, as wide as a digit. */
export const MINUS = '\u2212';

const GROUP: Record<Language, string> = { fr: NARROW_SPACE, en: ',' };
const DECIMAL: Record<Language, string> = { fr: ',', en: '.' };

/** The digits before and after the decimal mark. */
function split(scaled: number, decimals: number, language: Language): [whole: string, fraction: string] {
  const digits = String(Math.abs(scaled)).padStart(decimals + 1, '0');
  const at = digits.length - decimals;
  return [digits.slice(0, at), decimals === 0 ? '' : DECIMAL[language] + digits.slice(at)];
}

/** Writes `scaled` (an integer holding `decimals` decimal digits) with groups of three digits. */
export function formatScaled(scaled: number, decimals: number, language: Language): string {
  const [whole, fraction] = split(scaled, decimals, language);
  const sign = scaled < 0 ? MINUS : '';
  return sign + whole.replace(/\B(?=(\d{3})+$)/g, GROUP[language]) + fraction;
}

/** Writes `scaled` as a person types it: no groups, a plain hyphen for the sign. */
export function formatTyped(scaled: number, decimals: number, language: Language): string {
  const [whole, fraction] = split(scaled, decimals, language);
  return (scaled < 0 ? '-' : '') + whole + fraction;
}

/** Writes a whole number: counts, rows, sequence numbers. */
export function formatCount(count: number, language: Language): string {
  return formatScaled(count, 0, language);
}

/**
 * Writes a scaled number without useless zeros at its end: 1500 thousandths is `1,5`, 2000 is `2`.
 */
export function formatTrimmed(scaled: number, decimals: number, language: Language): string {
  let value = scaled;
  let left = decimals;
  while (left > 0 && value % 10 === 0) {
    value /= 10;
    left -= 1;
  }
  return formatScaled(value, left, language);
}

/**
 * Reads what a person typed (`12 500`, `12,5`, `12.50`) as an integer with `decimals` decimal digits.
 * Gives `null` when it is no number, has too many decimals, or leaves the range of exact integers.
 * Both `,` and `.` mark decimals: a cashier uses the keypad she has.
 */
export function parseScaled(text: string, decimals: number): number | null {
  const bare = text.replace(/[\s\u00a0\u202f']/g, '').replace(MINUS, '-');
  const match = /^(-?)(\d*)(?:[.,](\d*))?$/.exec(bare);
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = ''] = match;
  if (whole === '' && fraction === '') return null;
  if (fraction.length > decimals) return null;
  const value = Number(sign + whole + fraction.padEnd(decimals, '0'));
  return Number.isSafeInteger(value) ? value : null;
}

/** What a person types (`12 500,50`) as the program reads it (`12500.50`). */
export function plainDecimal(text: string): string {
  return text.replace(/[\s\u00a0\u202f]/g, '').replace(',', '.');
}
