/** Rates cross as parts per million (`rate_ppm`): 180000 is 18 %. */
import { formatTrimmed, formatTyped, type Language, NO_BREAK_SPACE, parseScaled } from './number';

/** 100 %. */
export const WHOLE_PPM = 1_000_000;
/** A percentage holds four decimals of a ppm rate: 1 % is 10 000 ppm. */
const PERCENT_DECIMALS = 4;

export function formatPercent(ppm: number, language: Language): string {
  const digits = formatTrimmed(ppm, PERCENT_DECIMALS, language);
  return language === 'fr' ? `${digits}${NO_BREAK_SPACE}%` : `${digits}%`;
}

/** Parts per million of a typed percentage, or `null` when it is not one. */
export function parsePercent(text: string): number | null {
  return parseScaled(text.replace('%', ''), PERCENT_DECIMALS);
}

/** The percentage as a person types it. */
export function typedPercent(ppm: number, language: Language): string {
  return formatTyped(ppm, PERCENT_DECIMALS, language).replace(/[.,]?0+$/, '');
}
