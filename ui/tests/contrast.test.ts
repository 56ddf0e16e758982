/** The tokens keep what they promise: text on its ground reaches WCAG 2.2 AA (4.5:1) in both themes. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';



// vitest runs in the folder of vite.config.ts
const css = readFileSync('src/styles/tokens.css', 'utf8');

function tokensOf(selector: string): Map<string, string> {
  const start = css.indexOf(`${selector} {`);
  const block = css.slice(start, css.indexOf('\n}', start));
  return new Map([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]));
}

/** Relative luminance (WCAG 2.2). */
function luminance(hex: string): number {
  const channel = (at: number): number => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

const PAIRS: readonly (readonly [text: string, ground: string])[] = [
  ...['ink', 'ink-soft', 'ink-faint'].flatMap((ink) => ['ground', 'surface', 'raised', 'sunken'].map((g) => [ink, g] as const)),
  ...['ok', 'warn', 'danger', 'info', 'brass'].flatMap((tone) => [[tone, `${tone}-tint`] as const, [tone, 'surface'] as const, [tone, 'raised'] as const]),
  ['brand', 'surface'],
  ['brand', 'brand-tint'],
  ['on-brand', 'brand'],
  ['on-brand', 'brand-strong'],
  ['on-danger', 'danger'],
  ['rail-ink', 'rail'],
  ['rail-ink-strong', 'rail-active'],
];

const light = tokensOf(':root');
const dark = new Map([...light, ...tokensOf("[data-theme='dark']")]);

describe.each([
  ['light', light],
  ['dark', dark],
])('%s theme', (_, tokens) => {
  it.each(PAIRS)('%s can be read on %s', (text, ground) => {
    expect(contrast(tokens.get(text) ?? '', tokens.get(ground) ?? '')).toBeGreaterThanOrEqual(4.5);
  });
});
