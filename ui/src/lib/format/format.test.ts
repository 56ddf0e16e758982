import { describe, expect, it } from 'vitest';
import { formatAmount, formatMoney, parseAmount, typedAmount } from './money';
import { formatCount } from './number';
import { formatQuantity, parseQuantity, typedQuantity } from './quantity';
import { formatPercent, parsePercent } from './rate';
import { formatAgo, formatDay, formatDuration, parseDay } from './time';

const GNF = { code: 'GNF', exponent: 0 };
const EUR = { code: 'EUR', exponent: 2 };
const KWD = { code: 'KWD', exponent: 3 };

describe('money', () => {
  it('groups francs with U+202F and keeps the currency on the same line', () => {
    expect(formatMoney(1_250_000, GNF, 'fr')).toBe('1\u202f250\u202f000\u00a0GNF');
    expect(formatMoney(1_250_000, GNF, 'en')).toBe('GNF\u00a01,250,000');
  });

  it('places the decimal mark by the exponent, never by dividing', () => {
    expect(formatMoney(123_456, EUR, 'fr')).toBe('1\u202f234,56\u00a0€');
    expect(formatMoney(123_456, EUR, 'en')).toBe('€1,234.56');
    expect(formatMoney(1_234_500, KWD, 'fr')).toBe('1\u202f234,500\u00a0KWD');
    expect(formatAmount(5, KWD, 'en')).toBe('0.005');
    expect(formatAmount(0, EUR, 'fr')).toBe('0,00');
  });

  it('writes every exact integer that Rust may send', () => {
    expect(formatAmount(Number.MAX_SAFE_INTEGER, EUR, 'en')).toBe('90,071,992,547,409.91');
  });

  it('writes a negative amount with a true minus sign before everything', () => {
    expect(formatMoney(-1500, EUR, 'en')).toBe('\u2212€15.00');
    expect(formatMoney(-1500, GNF, 'fr')).toBe('\u22121\u202f500\u00a0GNF');
  });

  it('reads back what it writes, in each currency and language', () => {
    for (const currency of [GNF, EUR, KWD]) {
      for (const minor of [0, 7, 1000, 1_234_500, 98_765_432]) {
        expect(parseAmount(typedAmount(minor, currency, 'fr'), currency)).toBe(minor);
        expect(parseAmount(typedAmount(minor, currency, 'en'), currency)).toBe(minor);
      }
    }
    expect(parseAmount(formatAmount(1_234_500, KWD, 'fr'), KWD)).toBe(1_234_500);
  });

  it('refuses what is not an amount of the currency', () => {
    for (const text of ['', ',', 'abc', '1.5', '--1', '1e3', '99999999999999999999']) {
      expect(parseAmount(text, GNF), text).toBeNull();
    }
    expect(parseAmount('1.234', EUR), 'three decimals in a currency of two').toBeNull();
    expect(parseAmount('12,5', EUR)).toBe(1250);
  });
});

describe('quantities, rates and counts', () => {
  it('drops useless zeros only', () => {
    expect(formatQuantity(1000, 'fr')).toBe('1');
    expect(formatQuantity(1500, 'fr')).toBe('1,5');
    expect(formatQuantity(10_000, 'fr')).toBe('10');
    expect(formatQuantity(1_200_000, 'en')).toBe('1,200');
    expect(typedQuantity(10_000, 'fr')).toBe('10');
    expect(typedQuantity(250, 'en')).toBe('0.25');
  });

  it('reads quantities in thousandths and rates in parts per million', () => {
    expect(parseQuantity('2')).toBe(2000);
    expect(parseQuantity('0,125')).toBe(125);
    expect(parseQuantity('1.2345')).toBeNull();
    expect(parsePercent('18 %')).toBe(180_000);
    expect(formatPercent(180_000, 'fr')).toBe('18\u00a0%');
    expect(formatPercent(55_000, 'en')).toBe('5.5%');
  });

  it('groups counts', () => {
    expect(formatCount(20_000, 'fr')).toBe('20\u202f000');
  });
});

describe('days', () => {
  it('are written day first in both languages and read as people type them', () => {
    expect(formatDay('2026-11-20')).toBe('20/11/2026');
    expect(formatDay('')).toBe('');
    expect(parseDay('20/11/2026')).toBe('2026-11-20');
    expect(parseDay(' 5.1.26 ')).toBe('2026-01-05');
    expect(parseDay('')).toBe('');
  });

  it('that the calendar does not have are none', () => {
    expect(parseDay('31/02/2026')).toBeNull();
    expect(parseDay('11/20/2026')).toBeNull();
    expect(parseDay('hier')).toBeNull();
  });
});

describe('moments', () => {
  it('says how long ago in words', () => {
    const now = 1_700_000_000_000;
    expect(formatAgo(now - 5 * 60_000, now, 'fr')).toBe('il y a 5 minutes');
    expect(formatAgo(now - 2 * 3_600_000, now, 'en')).toBe('2 hours ago');
    expect(formatAgo(now, now, 'en')).toBe('now');
  });

  it('writes durations in the unit that suits them', () => {
    expect(formatDuration(840, 'fr')).toBe('840 ms');
    expect(formatDuration(2400, 'fr')).toBe('2,4 s');
    expect(formatDuration(200_000, 'en')).toBe('3 min 20 s');
  });
});
