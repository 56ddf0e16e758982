/** The program behind the window: one command, one event. */
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { Outcome, Topic } from './bindings/commands';
import type { CommandName, Request, Response } from './commands';
import { type Host, toHostError, withTimeout } from './host';

const listeners = new Set<(topics: readonly Topic[]) => void>();

function tell(topics: readonly Topic[]): void {
  if (topics.length > 0) listeners.forEach((listener) => listener(topics));
}

export const tauriHost: Host = {
  async call<Name extends CommandName>(name: Name, request: Request<Name>): Promise<Response<Name>> {
    try {
      const answer = await withTimeout(name, invoke<Outcome<Response<Name>>>('dispatch', { name, request }));
      tell(answer.changed);
      return answer.value;
    } catch (thrown) {
      throw toHostError(thrown);
    }
  },

  onChanged(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

// What changed without the window asking: a sync in the background, another program.
void listen<Topic[]>('changed', (event) => tell(event.payload));
