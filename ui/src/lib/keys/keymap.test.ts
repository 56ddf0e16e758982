import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_GAP_MS } from '$lib/scanner/scanner';
import { attachKeymap } from './dispatch';
import { type Action, belongsToField, findBinding, KEYMAP, keyLabel, type Place } from './keymap';

const plain = { ctrlKey: false, altKey: false, metaKey: false };

describe('keymap', () => {
  it('gives no key two meanings in one place', () => {
    const meanings = KEYMAP.flatMap((b) => {
      const places: Place[] = b.place === 'anywhere' ? ['sell', 'receipt'] : [b.place];
      return places.map((p) => `${p}:${b.ctrl ? 'ctrl+' : ''}${b.alt ? 'alt+' : ''}${b.key}`);
    });
    expect(meanings.length).toBe(new Set(meanings).size);
  });

  it('never pays by plain Enter', () => {
    expect(findBinding({ ...plain, key: 'Enter' }, 'sell')).toBeNull();
  });

  it('pays exact cash with one key, on the sell screen only', () => {
    expect(findBinding({ ...plain, key: 'F9' }, 'sell')?.action).toBe('exact-cash');
    expect(findBinding({ ...plain, key: 'F9' }, 'receipt')).toBeNull();
    expect(findBinding({ ...plain, key: 'F9' }, 'other'), 'an open dialog takes the keys').toBeNull();
  });

  it('leaves editing keys to a field that holds text, and function keys to the keymap', () => {
    const del = findBinding({ ...plain, key: 'Delete' }, 'sell');
    const f9 = findBinding({ ...plain, key: 'F9' }, 'sell');
    if (del === null || f9 === null) throw new Error('both keys are in the keymap');
    expect(belongsToField(del, { text: '32740', isScan: true })).toBe(true);
    expect(belongsToField(del, { text: '', isScan: true })).toBe(false);
    expect(belongsToField(del, { text: '', isScan: false })).toBe(true);
    expect(belongsToField(f9, { text: '32740', isScan: true })).toBe(false);
  });

  it('shows keys as people read them', () => {
    expect(keyLabel('exact-cash', 'fr')).toBe('F9');
    expect(keyLabel('undo', 'fr')).toBe('Ctrl Z');
    expect(keyLabel('go-sync', 'en')).toBe('Alt 3');
    expect(keyLabel('remove-line', 'fr')).toBe('Suppr');
  });
});

describe('dispatch', () => {
  let acted: Action[] = [];
  let stop: () => void = () => undefined;

  beforeEach(() => {
    vi.useFakeTimers();
    acted = [];
    stop = attachKeymap(window, { place: () => 'sell', act: (action) => acted.push(action) > 0 });
  });

  afterEach(() => {
    stop();
    vi.useRealTimers();
    document.body.replaceChildren();
  });

  function press(key: string, more: KeyboardEventInit = {}, target: EventTarget = document.body): KeyboardEvent {
    const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more });
    target.dispatchEvent(event);
    return event;
  }

  it('acts once however long the key is held', () => {
    press('F9');
    press('F9', { repeat: true });
    press('F9', { repeat: true });
    expect(acted).toEqual(['exact-cash']);
  });

  it('waits with a character key until it cannot be the start of a scan', () => {
    press('+');
    expect(acted).toEqual([]);
    vi.advanceTimersByTime(MAX_GAP_MS);
    expect(acted).toEqual(['more']);
    press('+');
    press('A');
    vi.advanceTimersByTime(MAX_GAP_MS * 2);
    expect(acted, 'a code that begins with + adds nothing').toEqual(['more']);
  });

  it('leaves Enter to the button that has the focus', () => {
    stop();
    stop = attachKeymap(window, { place: () => 'receipt', act: (action) => acted.push(action) > 0 });
    const button = document.createElement('button');
    document.body.append(button);
    press('Enter', {}, button);
    expect(acted).toEqual([]);
    press('Enter');
    expect(acted).toEqual(['new-sale']);
  });
});
