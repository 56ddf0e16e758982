import { afterEach, describe, expect, it } from 'vitest';
import { attachScanner } from './attach';
import { BOUNCE_MS, type FocusKind, HICCUP_MS, isLongTradeCode, MAX_GAP_ELSEWHERE_MS, MAX_GAP_MS, Scanner, type ScanVerdict } from './scanner';

const EAN = '3274080005003';

/** Types `code` and Enter with `gap` milliseconds between keys; gives the last verdict and its time. */
function type(scanner: Scanner, code: string, at: number, gap: number, focus: FocusKind = 'elsewhere'): [ScanVerdict, number] {
  let time = at;
  for (const key of code) {
    expect(scanner.press(key, time, focus)).toEqual({ kind: 'typing' });
    time += gap;
  }
  return [scanner.press('Enter', time, focus), time];
}

describe('scanner', () => {
  it('takes a burst ended by Enter as a scan, wherever the focus is', () => {
    for (const focus of ['scan-field', 'text-field', 'amount-field', 'elsewhere'] as const) {
      expect(type(new Scanner(), EAN, 1000, 8, focus)[0], focus).toEqual({ kind: 'scan', code: EAN });
    }
  });

  it('leaves a person typing alone, however long the text', () => {
    for (const focus of ['scan-field', 'text-field', 'amount-field'] as const) {
      expect(type(new Scanner(), EAN, 1000, MAX_GAP_MS + 1, focus)[0], focus).toEqual({ kind: 'typing' });
    }
    expect(type(new Scanner(), EAN, 1000, MAX_GAP_ELSEWHERE_MS + 1, 'elsewhere')[0]).toEqual({ kind: 'typing' });
  });

  it('needs Enter to come in the burst: a person pressing Enter later submits a form', () => {
    const scanner = new Scanner();
    for (const [i, key] of [...EAN].entries()) scanner.press(key, 1000 + i * 5, 'text-field');
    expect(scanner.press('Enter', 3000, 'text-field')).toEqual({ kind: 'typing' });
  });

  it('reads a scan whole when a busy machine delivers it with a pause', () => {
    const scanner = new Scanner();
    scanner.press('3', 0, 'scan-field');
    expect(type(scanner, EAN.slice(1), MAX_GAP_MS * 3, 5, 'scan-field')[0].kind, 'the field holds the whole code and submits it').toBe('typing');
    expect(type(new Scanner(), EAN, 0, MAX_GAP_ELSEWHERE_MS, 'elsewhere')[0], 'nobody types where there is no field').toEqual({ kind: 'scan', code: EAN });
  });

  it('takes a scan out of a search that was typed before it', () => {
    const scanner = new Scanner();
    scanner.press('r', 0, 'scan-field');
    expect(type(scanner, EAN, HICCUP_MS + 1, 5, 'scan-field')[0]).toEqual({ kind: 'scan', code: EAN });
  });

  it('keeps only the burst when typing came just before it', () => {
    const scanner = new Scanner();
    scanner.press('a', 0, 'text-field');
    scanner.press('b', 200, 'text-field');
    expect(type(scanner, EAN, 400, 5, 'text-field')[0]).toEqual({ kind: 'scan', code: EAN });
  });

  it('reads capitals: the Shift key belongs to the burst', () => {
    const scanner = new Scanner();
    let at = 0;
    for (const key of ['Shift', 'P', 'Shift', 'H', '-', '0', '0', '4', '2']) scanner.press(key, (at += 4), 'elsewhere');
    expect(scanner.press('Enter', at + 4, 'elsewhere')).toEqual({ kind: 'scan', code: 'PH-0042' });
  });

  it.each(['scan-field', 'elsewhere'] as const)('takes a bouncing trigger as one scan and a deliberate second scan as two (%s)', (focus) => {
    const scanner = new Scanner();
    const [first, end] = type(scanner, EAN, 0, 5, focus);
    expect(first.kind).toBe('scan');
    const [second, secondEnd] = type(scanner, EAN, end + BOUNCE_MS - 1, 5, focus);
    expect(second.kind, 'the same code at once is the trigger bouncing').toBe('bounce');
    expect(type(scanner, EAN, secondEnd + BOUNCE_MS, 5, focus)[0].kind, 'later it is a second piece').toBe('scan');
  });

  it('takes another code at once as a scan of its own', () => {
    const scanner = new Scanner();
    const [, end] = type(scanner, EAN, 0, 5);
    expect(type(scanner, '40170725', end + 1, 5)[0]).toEqual({ kind: 'scan', code: '40170725' });
  });

  it('never takes an amount typed fast for a code', () => {
    expect(type(new Scanner(), '250000', 0, 5, 'amount-field')[0].kind).toBe('typing');
    expect(type(new Scanner(), '12500000', 0, 5, 'amount-field')[0].kind).toBe('typing');
    expect(type(new Scanner(), EAN, 0, 5, 'amount-field')[0].kind).toBe('scan');
  });

  it("takes a shop's own short code when no field has the focus, and leaves it to a field that has", () => {
    expect(type(new Scanner(), 'P01', 0, 5, 'elsewhere')[0]).toEqual({ kind: 'scan', code: 'P01' });
    expect(type(new Scanner(), 'P01', 0, 5, 'scan-field')[0].kind, 'the scan field submits it by itself').toBe('typing');
    expect(type(new Scanner(), 'ab', 0, 5, 'elsewhere')[0].kind).toBe('typing');
  });

  it('forgets a burst broken by an arrow or a function key', () => {
    const scanner = new Scanner();
    for (const [i, key] of [...EAN].entries()) scanner.press(key, i * 5, 'elsewhere');
    scanner.press('F9', 70, 'elsewhere');
    expect(scanner.press('Enter', 75, 'elsewhere').kind).toBe('typing');
  });

  it('knows the check digit of trade codes', () => {
    expect(['3274080005003', '036000291452', '10012345678902'].map(isLongTradeCode)).toEqual([true, true, true]);
    expect(['3274080005004', '40170725', '', '12500000'].map(isLongTradeCode)).toEqual([false, false, false, false]);
  });
});

describe('listening to the window', () => {
  afterEach(() => document.body.replaceChildren());

  /** What a browser does with a key in a field: keydown first, then the text changes unless prevented. */
  function press(field: HTMLInputElement, key: string, timeStamp: number): KeyboardEvent {
    const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
    Object.defineProperty(event, 'timeStamp', { value: timeStamp });
    field.dispatchEvent(event);
    if (!event.defaultPrevented && key.length === 1) field.value += key;
    return event;
  }

  it('gives the field back the text it had and sends the code to the cart', () => {
    const field = document.createElement('input');
    field.value = 'Mme Diallo';
    document.body.append(field);
    const codes: string[] = [];
    const stop = attachScanner(window, { scanned: (code) => codes.push(code) });
    [...EAN].forEach((key, i) => press(field, key, 1000 + i * 6));
    const enter = press(field, 'Enter', 1000 + EAN.length * 6);
    stop();
    expect(codes).toEqual([EAN]);
    expect(field.value).toBe('Mme Diallo');
    expect(enter.defaultPrevented, 'Enter must not press a button or submit a form').toBe(true);
  });

  it('takes no code from the digits of a PIN, however fast they come', () => {
    const pad = document.createElement('form');
    pad.dataset['secret'] = '';
    const field = document.createElement('input');
    pad.append(field);
    document.body.append(pad);
    const codes: string[] = [];
    const stop = attachScanner(window, { scanned: (code) => codes.push(code) });
    const keys = ['2', '5', '8', '0', 'Enter'].map((key, i) => press(field, key, 1000 + i * 6));
    stop();
    expect(codes).toEqual([]);
    expect(keys.some((event) => event.defaultPrevented), 'each key reaches the pad').toBe(false);
  });

  it('hears nothing after it was stopped', () => {
    const field = document.createElement('input');
    document.body.append(field);
    const codes: string[] = [];
    attachScanner(window, { scanned: (code) => codes.push(code) })();
    [...EAN, 'Enter'].forEach((key, i) => press(field, key, 1000 + i * 6));
    expect(codes).toEqual([]);
  });
});
