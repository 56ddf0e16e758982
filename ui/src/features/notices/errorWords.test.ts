import { afterEach, describe, expect, it } from 'vitest';
import { HostError } from '$lib/host/host';
import { locale } from '$lib/i18n/locale.svelte';
import type { AnyCode } from '$lib/host/host';
import en from '../../i18n/en.json';
import fr from '../../i18n/fr.json';
import { codeTitle, errorNotice, errorWords, type Reading } from './errorWords';

const reading = (): Reading => ({ language: locale.language, currency: { code: 'GNF', exponent: 0 } });
const params = { code: '327', name: 'Riz', field: 'price', problem: 'x', max: 9, missing: 1500, excess: 20, index: 1, reason: 'r', column: 'prix', phone: '6', detail: 'd', path: '/p', lines: [] };

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
