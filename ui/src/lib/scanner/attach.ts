/** Listens to the window's keys for the scanner, before any field or button sees them. */
import { type FocusKind, Scanner } from './scanner';

type Editable = HTMLInputElement | HTMLTextAreaElement;

export interface ScanListener {
  /** A code was scanned; it goes to the cart, whatever had the focus. */
  readonly scanned: (code: string) => void;
}

/** Starts listening; the returned function stops. */
export function attachScanner(target: Window, listener: ScanListener): () => void {
  const scanner = new Scanner();
  let before: { readonly field: Editable; readonly text: string } | null = null;

  const onKeydown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    // Digits of a PIN come as fast as a scan, and are nobody's code.
    if (target.document.querySelector('[data-secret]') !== null) return;
    const field = editable(event.target);
    const verdict = scanner.press(event.key, event.timeStamp, focusKind(field));
    if (verdict.kind === 'typing') {
      // The key has not reached the field yet: remember what the field holds as a burst begins.
      if (scanner.length === 1) before = field === null ? null : { field, text: field.value };
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (before !== null) restore(before.field, before.text);
    if (verdict.kind === 'scan') listener.scanned(verdict.code);
  };

  target.addEventListener('keydown', onKeydown, { capture: true });
  return () => target.removeEventListener('keydown', onKeydown, { capture: true });
}

function editable(target: EventTarget | null): Editable | null {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement ? target : null;
}

/** Fields say what they are with `data-field`; see `components/Field.svelte`. */
function focusKind(field: Editable | null): FocusKind {
  if (field === null) return 'elsewhere';
  if (field.dataset['field'] === 'scan') return 'scan-field';
  return field.dataset['field'] === 'amount' ? 'amount-field' : 'text-field';
}

function restore(field: Editable, text: string): void {
  field.value = text;
  field.dispatchEvent(new Event('input', { bubbles: true }));
}
