/** Locks a register that nobody touches: keys and fingers anywhere in the window count. */

/** A touch is told to the program this often at most. */
const TELL_EVERY_MS = 30_000;

export interface Presence {
  readonly lockAfterMinutes: number;
  readonly touched: () => void;
  readonly left: () => void;
}

/** Starts watching; the returned function stops. */
export function watchPresence(target: Window, { lockAfterMinutes, touched, left }: Presence): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let toldAt = -Infinity;

  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(left, lockAfterMinutes * 60_000);
  };
  const onTouch = (event: Event): void => {
    wait();
    if (event.timeStamp - toldAt < TELL_EVERY_MS) return;
    toldAt = event.timeStamp;
    touched();
  };

  const kinds = ['keydown', 'pointerdown', 'wheel'] as const;
  kinds.forEach((kind) => target.addEventListener(kind, onTouch, { capture: true, passive: true }));
  wait();
  return () => {
    clearTimeout(timer);
    kinds.forEach((kind) => target.removeEventListener(kind, onTouch, { capture: true }));
  };
}
