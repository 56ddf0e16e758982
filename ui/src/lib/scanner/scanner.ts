/**
 * The barcode module: tells a keyboard-wedge scanner from a person typing.
 *
 * A wedge types a whole code in a burst, keys a few milliseconds apart, and ends it with Enter or Tab.
 * People do not. So a burst goes to the cart wherever the focus is, and the field that happened to
 * have the focus gets back the text it had before the burst.
 *
 * Pure: keys and their times come in, a verdict goes out. It knows neither the DOM nor the cart.
 */

/** Longest pause between two keys of one burst. Slow Bluetooth wedges reach 35 ms; fast typists 80 ms. */
export const MAX_GAP_MS = 50;
/** The same where nothing can be typed: a busy machine may deliver the keys of a scan with pauses. */
export const MAX_GAP_ELSEWHERE_MS = 200;
/** A key this shortly before a burst belongs to the same scan: in the scan field, all of it is the code. */
export const HICCUP_MS = 400;
/** In a field, shorter bursts count as typing. (In the scan field, Enter submits them anyway.) */
export const MIN_LENGTH_IN_FIELD = 6;
/** Where nothing can be typed, a burst is a scan; one or two keys are a bouncing keyboard. */
export const MIN_LENGTH_ELSEWHERE = 3;
/** No code is longer: QR payloads are not product codes, and a stuck key must not fill memory. */
export const MAX_LENGTH = 128;
/** The same code again, begun within this time of the last one, is a bouncing trigger, not a second piece. */
export const BOUNCE_MS = 100;

/** What has the focus, as far as a burst is concerned. */
export type FocusKind = 'scan-field' | 'amount-field' | 'text-field' | 'elsewhere';

export type ScanVerdict =
  /** No scan (yet): let the key do what it does. */
  | { readonly kind: 'typing' }
  /** The key ended a burst: take the key away, restore the field, put the code into the cart. */
  | { readonly kind: 'scan'; readonly code: string }
  /** The key ended a repeated burst: take the key away, restore the field, and do nothing else. */
  | { readonly kind: 'bounce'; readonly code: string };

const TYPING: ScanVerdict = { kind: 'typing' };

export class Scanner {
  #burst = '';
  #startedAt = 0;
  /** Pause between the burst under way and a key typed before it; an Enter before it is the end of something else. */
  #pauseBefore = Number.POSITIVE_INFINITY;
  #ended = true;
  #lastKeyAt = Number.NEGATIVE_INFINITY;
  #lastCode = '';
  #lastCodeAt = Number.NEGATIVE_INFINITY;

  /** Number of keys of the burst under way; 1 when the latest key began a new one. */
  get length(): number {
    return this.#burst.length;
  }

  /** Takes one `keydown`: its `key`, its time in milliseconds, and what has the focus. */
  press(key: string, atMs: number, focus: FocusKind): ScanVerdict {
    const pause = atMs - this.#lastKeyAt;
    const together = pause <= (focus === 'elsewhere' ? MAX_GAP_ELSEWHERE_MS : MAX_GAP_MS);
    this.#lastKeyAt = atMs;
    if (key === 'Enter' || key === 'Tab') return this.#end(together, atMs, focus);
    if (key.length !== 1) {
      // Shift is part of typing capitals; any other named key (arrows, F9) ends a burst.
      if (key !== 'Shift') this.#burst = '';
      return TYPING;
    }
    if (!together || this.#burst === '') {
      this.#burst = '';
      this.#startedAt = atMs;
      this.#pauseBefore = this.#ended ? Number.POSITIVE_INFINITY : pause;
    }
    this.#ended = false;
    if (this.#burst.length < MAX_LENGTH) this.#burst += key;
    return TYPING;
  }

  #end(together: boolean, atMs: number, focus: FocusKind): ScanVerdict {
    const code = this.#burst;
    this.#burst = '';
    this.#ended = true;
    if (!together || !isScan(code, focus)) return TYPING;
    // The field submits by itself, with the keys that came before the pause.
    if (focus === 'scan-field' && this.#pauseBefore < HICCUP_MS) return TYPING;
    const bounced = code === this.#lastCode && this.#startedAt - this.#lastCodeAt < BOUNCE_MS;
    this.#lastCode = code;
    this.#lastCodeAt = atMs;
    return { kind: bounced ? 'bounce' : 'scan', code };
  }
}

function isScan(code: string, focus: FocusKind): boolean {
  const least = focus === 'elsewhere' ? MIN_LENGTH_ELSEWHERE : MIN_LENGTH_IN_FIELD;
  if (code.length < least || code.length >= MAX_LENGTH) return false;
  // An amount typed very fast must stay an amount: digits alone need the form of a long trade code.
  return focus !== 'amount-field' || !/^\d+$/.test(code) || isLongTradeCode(code);
}

/** Whether the digits form a UPC-A, EAN-13 or GTIN-14 (GS1 General Specifications, 7.9). */
export function isLongTradeCode(digits: string): boolean {
  if (![12, 13, 14].includes(digits.length) || !/^\d+$/.test(digits)) return false;
  const sum = [...digits].reverse().reduce((total, digit, place) => total + Number(digit) * (place % 2 === 0 ? 1 : 3), 0);
  return sum % 10 === 0;
}
