/**
 * Moments as people say them. Times cross as milliseconds of the Unix epoch; the clock of this
 * machine gives the zone. `now` is passed in, so that a list is written from one instant.
 */
import type { Language } from './number';

const TAG: Record<Language, string> = { fr: 'fr-FR', en: 'en-GB' };
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `20/11/2026 14:05`. */
export function formatMoment(ms: number, language: Language): string {
  const at = new Date(ms);
  return `${at.toLocaleDateString(TAG[language])} ${formatClock(ms, language)}`;
}

/** `20/11/2026` of `2026-11-20`, as both languages write it; nothing of no day. */
export function formatDay(day: string): string {
  return day.split('-').reverse().join('/');
}

/** `2026-11-20` of what a person types (`20/11/2026`, `20.11.26`), `''` of nothing, or `null` when it is no day. */
export function parseDay(text: string): string | null {
  if (text.trim() === '') return '';
  const match = /^(\d{1,2})[ ./-](\d{1,2})[ ./-](\d{2}|\d{4})$/.exec(text.trim());
  if (match === null) return null;
  const [, day = '', month = '', year = ''] = match;
  const written = `${year.padStart(4, '20')}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const at = new Date(`${written}T00:00:00Z`);
  return Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== written ? null : written;
}

/** `14:05`. */
export function formatClock(ms: number, language: Language): string {
  return new Date(ms).toLocaleTimeString(TAG[language], { hour: '2-digit', minute: '2-digit' });
}

/** `il y a 5 minutes`, `5 minutes ago`; a day and more is written as a date. */
export function formatAgo(ms: number, nowMs: number, language: Language): string {
  const elapsed = nowMs - ms;
  if (Math.abs(elapsed) >= DAY_MS) return formatMoment(ms, language);
  const say = new Intl.RelativeTimeFormat(TAG[language], { numeric: 'auto' });
  if (Math.abs(elapsed) < MINUTE_MS) return say.format(-Math.trunc(elapsed / 1000), 'second');
  if (Math.abs(elapsed) < HOUR_MS) return say.format(-Math.trunc(elapsed / MINUTE_MS), 'minute');
  return say.format(-Math.trunc(elapsed / HOUR_MS), 'hour');
}

/** A duration in the unit that suits it: `840 ms`, `2,4 s`, `3 min 20 s`. */
export function formatDuration(ms: number, language: Language): string {
  if (ms < 1000) return `${String(Math.round(ms))} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) {
    return `${seconds.toLocaleString(TAG[language], { maximumFractionDigits: 1 })} s`;
  }
  return `${String(Math.trunc(seconds / 60))} min ${String(Math.round(seconds % 60))} s`;
}

/** A size in bytes as `12 Ko` / `12 kB`. */
export function formatBytes(bytes: number, language: Language): string {
  const units = language === 'fr' ? ['o', 'Ko', 'Mo', 'Go'] : ['B', 'kB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = value.toLocaleString(TAG[language], { maximumFractionDigits: unit === 0 ? 0 : 1 });
  return `${digits} ${units[unit] ?? ''}`;
}
