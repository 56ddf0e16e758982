/** The program behind the window: one command, one event. */
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { Topic } from './bindings/Topic';
import type { CommandName, Request, Response } from './commands';
import { type Host, toHostError, withTimeout } from './host';

export const tauriHost: Host = {
  async call<Name extends CommandName>(name: Name, request: Request<Name>): Promise<Response<Name>> {
    try {
      return await withTimeout(name, invoke<Response<Name>>('dispatch', { name, request }));
    } catch (thrown) {
      throw toHostError(thrown);
    }
  },

  onChanged(listener) {
    const stopping = listen<Topic[]>('changed', (event) => listener(event.payload));
    return () => void stopping.then((stop) => stop());
  },
};
