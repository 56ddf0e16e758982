/** The customer's screen and the till's window: how one opens the other, and what the second may ask. */
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { DisplayView } from './bindings/DisplayView';
import type { Topic } from './bindings/Topic';
import { toHostError } from './host';

/** What the address of the customer's screen ends in; see `src-tauri/src/display.rs`. */
export const DISPLAY_HASH = '#display';

/** All that the customer's screen may do. */
export interface DisplayHost {
  show(): Promise<DisplayView>;
  /** Tells that something changed; the returned function stops. */
  onChanged(listener: (topics: readonly Topic[]) => void): () => void;
}

export const tauriDisplay: DisplayHost = {
  async show() {
    try {
      return await invoke<DisplayView>('show_display');
    } catch (thrown) {
      throw toHostError(thrown);
    }
  },

  onChanged(listener) {
    const stopping = listen<Topic[]>('changed', (event) => listener(event.payload));
    return () => void stopping.then((stop) => stop());
  },
};

/** Opens the customer's screen beside the till, or brings it to the front. */
export async function openDisplay(): Promise<void> {
  try {
    await invoke('open_display');
  } catch (thrown) {
    throw toHostError(thrown);
  }
}
