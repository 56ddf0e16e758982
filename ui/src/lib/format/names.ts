/**
 * Names of currencies and languages for people, from the system's own tables: a code alone says little to a shop.
 */
import type { Language } from './number';

/** `franc guinéen (GNF)`; the code alone for a currency that the system does not know. */
export function currencyName(code: string, language: Language): string {
  const name = new Intl.DisplayNames([language], { type: 'currency', fallback: 'none' }).of(code);
  return name === undefined ? code : `${name} (${code})`;
}

/** `français (Guinée)` for `fr-GN`; the tag alone when it is none. */
export function localeName(tag: string, language: Language): string {
  try {
    return new Intl.DisplayNames([language], { type: 'language', languageDisplay: 'standard' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}
