/**
 * The language of the screen and the look of the window: both are settings kept by Rust; this holds
 * what is in force now. Messages read the language through Paraglide, which reads it here, so a
 * change is seen at once without loading the page again.
 */
import type { Language } from '$lib/format/number';
import { overwriteGetLocale } from '$lib/paraglide/runtime';

export type Theme = 'light' | 'dark' | 'system';

class Locale {
  #language = $state<Language>('fr');

  get language(): Language {
    return this.#language;
  }

  set language(language: Language) {
    this.#language = language;
    document.documentElement.lang = language === 'fr' ? 'fr-GN' : 'en';
  }
}

export const locale = new Locale();

overwriteGetLocale(() => locale.language);

/** Paints the window in a theme; `system` follows the machine, also when that changes later. */
export function applyTheme(theme: Theme): void {
  const systemDark = window.matchMedia('(prefers-color-scheme: dark)');
  const paint = (): void => {
    const dark = theme === 'dark' || (theme === 'system' && systemDark.matches);
    document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
  };
  forgetSystem?.();
  forgetSystem = null;
  if (theme === 'system') {
    systemDark.addEventListener('change', paint);
    forgetSystem = () => systemDark.removeEventListener('change', paint);
  }
  paint();
}

let forgetSystem: (() => void) | null = null;
