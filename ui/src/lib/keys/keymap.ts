/**
 * The one keymap: which key does what, on which screen. Buttons show their key from here, the help
 * overlay lists it, and the window dispatches by it; so none of the three can differ from the others.
 */

import type { Language } from '$lib/format/number';

/** Everything a key can ask for. */
export type Action =
  | 'help'
  | 'go-sell'
  | 'go-products'
  | 'go-customers'
  | 'go-cash'
  | 'go-sync'
  | 'go-conflicts'
  | 'go-settings'
  | 'find'
  | 'customer'
  | 'hold'
  | 'recall'
  | 'discount'
  | 'price'
  | 'line-note'
  | 'size'
  | 'pay'
  | 'exact-cash'
  | 'undo'
  | 'line-up'
  | 'line-down'
  | 'more'
  | 'less'
  | 'remove-line'
  | 'clear-cart'
  | 'new-sale'
  | 'print';

/** Where a binding works. `anywhere` includes all screens, but never a field that needs the same key. */
export type Place = 'anywhere' | 'sell' | 'receipt';

export interface Binding {
  readonly action: Action;
  readonly place: Place;
  /** `KeyboardEvent.key`; letters in lower case. */
  readonly key: string;
  readonly ctrl?: true;
  readonly alt?: true;
}

export const KEYMAP: readonly Binding[] = [
  { action: 'exact-cash', place: 'sell', key: 'F9' },
  { action: 'pay', place: 'sell', key: 'F8' },
  { action: 'discount', place: 'sell', key: 'F7' },
  { action: 'price', place: 'sell', key: 'F7', ctrl: true },
  { action: 'line-note', place: 'sell', key: 'n', ctrl: true },
  { action: 'size', place: 'sell', key: 'u', ctrl: true },
  { action: 'customer', place: 'sell', key: 'F6' },
  { action: 'hold', place: 'sell', key: 'F3' },
  { action: 'recall', place: 'sell', key: 'F4' },
  { action: 'find', place: 'anywhere', key: 'F2' },
  { action: 'line-up', place: 'sell', key: 'ArrowUp' },
  { action: 'line-down', place: 'sell', key: 'ArrowDown' },
  { action: 'more', place: 'sell', key: '+' },
  { action: 'less', place: 'sell', key: '-' },
  { action: 'remove-line', place: 'sell', key: 'Delete' },
  { action: 'clear-cart', place: 'sell', key: 'Delete', ctrl: true },
  { action: 'undo', place: 'sell', key: 'z', ctrl: true },
  { action: 'new-sale', place: 'receipt', key: 'Enter' },
  { action: 'print', place: 'receipt', key: 'p', ctrl: true },
  { action: 'go-sell', place: 'anywhere', key: '1', alt: true },
  { action: 'go-products', place: 'anywhere', key: '2', alt: true },
  { action: 'go-sync', place: 'anywhere', key: '3', alt: true },
  { action: 'go-conflicts', place: 'anywhere', key: '4', alt: true },
  { action: 'go-settings', place: 'anywhere', key: '5', alt: true },
  { action: 'go-customers', place: 'anywhere', key: '6', alt: true },
  { action: 'go-cash', place: 'anywhere', key: '7', alt: true },
  { action: 'help', place: 'anywhere', key: 'F1' },
  { action: 'help', place: 'anywhere', key: '?' },
];

/** The part of a `KeyboardEvent` that the keymap looks at. */
export interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

/** The binding that a key press means in this place, or null. */
export function findBinding(press: Press, place: Exclude<Place, 'anywhere'> | 'other'): Binding | null {
  if (press.metaKey) return null;
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  const meant = (b: Binding): boolean =>
    b.key === key &&
    (b.ctrl ?? false) === press.ctrlKey &&
    (b.alt ?? false) === press.altKey &&
    (b.place === 'anywhere' || b.place === place);
  return KEYMAP.find(meant) ?? null;
}

/**
 * Keys that a field uses itself: they are the field's while it holds text. The scan field is empty
 * most of the time, so arrows, plus, minus and Delete then work on the cart.
 */
export function belongsToField(binding: Binding, field: { readonly text: string; readonly isScan: boolean } | null): boolean {
  if (field === null) return false;
  const edits = binding.ctrl === true ? binding.key === 'z' || binding.key === 'Delete' : !/^F\d+$/.test(binding.key) && binding.alt !== true;
  return edits && !(field.isScan && field.text === '');
}

/** The key as it is written on a button: `F9`, `Ctrl Z`, `↑`. */
export function keyLabel(action: Action, language: Language): string {
  const binding = KEYMAP.find((b) => b.action === action);
  return binding === undefined ? '' : bindingLabel(binding, language);
}

export function bindingLabel(binding: Binding, language: Language): string {
  const name = KEY_NAMES[language][binding.key] ?? binding.key.toUpperCase();
  return [...(binding.ctrl ? ['Ctrl'] : []), ...(binding.alt ? ['Alt'] : []), name].join(' ');
}

const ARROWS = { ArrowUp: '↑', ArrowDown: '↓', '-': '−' };
const KEY_NAMES: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  fr: { ...ARROWS, Delete: 'Suppr', Enter: 'Entrée' },
  en: { ...ARROWS, Delete: 'Del', Enter: 'Enter' },
};
