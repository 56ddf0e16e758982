import { afterEach, describe, expect, it } from 'vitest';
import { HostError } from '$lib/host/host';
import { locale } from '$lib/i18n/locale.svelte';
import type { AnyCode } from '$lib/host/host';
import en from '../../i18n/en.json';
import fr from '../../i18n/fr.json';
import { codeTitle, errorNotice, errorWords, type Reading } from './errorWords';

const reading = (): Reading => ({ language: locale.language, currency: { code: 'GNF', exponent: 0 } });
const params = { code: '327', name: 'Riz', field: 'price', key: 'checkout_deadline_ms', problem: 'x', max: 9, missing: 1500, excess: 20, index: 1, reason: 'r', column: 'prix', phone: '6', detail: 'd', path: '/p', lines: [] };

afterEach(() => (locale.language = 'fr'));

/** Every code with words in the messages: `err_sale_underpaid_do` belongs to `sale.underpaid`. */
const keys = Object.keys(fr).filter((key) => key.startsWith('err_') && key.endsWith('_do') && key !== 'err_unknown_do');

describe.each(['fr', 'en'] as const)('error words in %s', (language) => {
  it('say what happened and what to do, without code or placeholder', () => {
    locale.language = language;
    for (const key of keys) {
      const bare = key.slice('err_'.length, -'_do'.length);
      const code = (bare === 'internal' ? bare : bare.replace('_', '.')) as AnyCode;
      const words = errorWords(new HostError(code, params), reading());
      for (const sentence of [words.title, words.text]) {
        expect(sentence, code).toMatch(/^[\p{Lu}«“{\d]/u);
        expect(sentence, code).not.toMatch(/[{}]|undefined|\[object/);
        expect(sentence, `${code} must not be shown raw`).not.toContain(code);
      }
    }
  });

  it('writes amounts and quantities as the language does', () => {
    locale.language = language;
    const title = errorWords(new HostError('sale.underpaid', { missing: 12500 }), reading()).title;
    expect(title).toContain(language === 'fr' ? '12\u202f500\u00a0GNF' : 'GNF\u00a012,500');
  });
});

describe('what does not fit', () => {
  it('is told with the name of the field and the reason, in the language of the screen', () => {
    const say = (field: string, problem: string): string => {
      const words = errorWords(new HostError('input.invalid', { field, problem }), reading());
      return `${words.title} ${words.text}`;
    };
    expect(say('unit_price', 'negative')).toBe('La valeur de «\u00a0Prix unitaire\u00a0» ne convient pas. Rien n’a été enregistré. À corriger\u00a0: plus petit que zéro.');
    locale.language = 'en';
    expect(say('opening_stock', 'not_a_number')).toBe('The value of “Stock” does not fit. Nothing was saved. Correct this: not a number.');
    expect(say('fields.phone', 'missing'), 'a disputed field is called as in its own row').toContain('“Phone”');
  });

  it('never shows the English of the program, nor the name of a field that nobody knows', () => {
    const english = 'invalid type: map, expected a string at line 1';
    for (const [field, problem] of [['name', english], ['request', english], ['after', 'invalid character']] as const) {
      const words = errorWords(new HostError('input.invalid', { field, problem }), reading());
      expect(`${words.title} ${words.text}`).not.toMatch(/invalid|request|after|line 1/);
    }
  });

  it('names a setting and its bounds', () => {
    const words = errorWords(new HostError('setting.invalid', { key: 'checkout_deadline_ms', problem: 'out_of_range' }), reading());
    expect(words.title).toContain('Attente du serveur');
    expect(words.text).toContain('entre 0,2 et 30 secondes');
  });
});

describe('what is not known', () => {
  it('still gets a sentence when a newer program has a new code', () => {
    const error = new HostError('drawer.on_fire' as AnyCode);
    expect(errorWords(error, reading()).title).toContain('drawer.on_fire');
    expect(codeTitle('drawer.on_fire', reading())).toBeNull();
  });

  it('shows the number for support only for faults of the program', () => {
    expect(errorNotice(new HostError('internal', {}, false, 't-1'), 'x', reading()).traceId).toBe('t-1');
    expect(errorNotice(new HostError('cart.empty', {}, false, 't-1'), 'x', reading()).traceId).toBeUndefined();
  });

  it('survives parameters of another shape than promised', () => {
    expect(errorWords(new HostError('sale.insufficient_stock', { lines: [{ name: 1 }, null, 'x'] }), reading()).details).toEqual([]);
    expect(errorWords(new HostError('sale.insufficient_stock', {}), reading()).details).toEqual([]);
  });
});

it('both languages have a text for every message', () => {
  expect(Object.keys(en)).toEqual(Object.keys(fr));
  for (const [key, text] of Object.entries({ ...fr, ...en })) expect(text, key).not.toBe('');
});
