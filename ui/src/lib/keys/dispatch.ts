/** Turns the window's key presses into actions, for as long as it is attached. */
import { MAX_GAP_MS } from '$lib/scanner/scanner';
import { type Action, belongsToField, findBinding, type Place } from './keymap';

export interface KeyListener {
  /** What is on the screen now; an open dialog is `other`. */
  readonly place: () => Exclude<Place, 'anywhere'> | 'other';
  /** Does the action; false when it does not apply now, and the key keeps its usual meaning. */
  readonly act: (action: Action) => boolean;
}

/** Starts listening; the returned function stops. */
export function attachKeymap(target: Window, listener: KeyListener): () => void {
  let held: ReturnType<typeof setTimeout> | undefined;

  const onKeydown = (event: KeyboardEvent): void => {
    clearTimeout(held);
    if (event.defaultPrevented || event.isComposing) return;
    const binding = findBinding(event, listener.place());
    if (binding === null || belongsToField(binding, fieldOf(event.target))) return;
    if (binding.key.length === 1 && binding.ctrl !== true && binding.alt !== true) {
      // `+` or `?` may be the first character of a scanned code: act only when no other key follows.
      const typed = event.target instanceof HTMLInputElement ? event.target : null;
      held = setTimeout(() => {
        if (typed !== null && typed.value !== binding.key) return;
        if (typed !== null) {
          typed.value = '';
          typed.dispatchEvent(new Event('input', { bubbles: true }));
        }
        listener.act(binding.action);
      }, MAX_GAP_MS);
      return;
    }
    // Holding a key down must never pay twice or leave the screen twice.
    if (event.repeat && !REPEATABLE.has(binding.action)) {
      event.preventDefault();
      return;
    }
    if (pressesControl(event)) return;
    if (listener.act(binding.action)) event.preventDefault();
  };

  target.addEventListener('keydown', onKeydown);
  return () => {
    clearTimeout(held);
    target.removeEventListener('keydown', onKeydown);
  };
}

const REPEATABLE: ReadonlySet<Action> = new Set<Action>(['line-up', 'line-down', 'undo']);

function fieldOf(target: EventTarget | null): { text: string; isScan: boolean } | null {
  if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) {
    return { text: target.value, isScan: target.dataset['field'] === 'scan' };
  }
  return target instanceof HTMLSelectElement ? { text: target.value, isScan: false } : null;
}

/** Enter on a focused button or link is that control's own. */
function pressesControl(event: KeyboardEvent): boolean {
  return event.key === 'Enter' && event.target instanceof Element && event.target.closest('button, a, [role="button"]') !== null;
}
