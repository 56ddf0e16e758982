/**
 * Asking somebody who may: a command that was refused for want of a permission says what to ask for; somebody else says
 * yes, and the same command is sent again with that yes. Owns the question that is open; knows no command.
 */
import type { GiveApproval } from '$lib/host/bindings/GiveApproval';
import type { Permission } from '$lib/host/bindings/Permission';
import { type Host, type HostError, toHostError } from '$lib/host/host';

/** What somebody is asked to say yes to. */
export type Asked = Pick<GiveApproval, 'permission' | 'subject' | 'line_id' | 'amount'>;

/** More things of one cart than anybody says yes to in a row. */
const MOST_QUESTIONS = 20;

export class Asking {
  #asked = $state.raw<Asked | null>(null);
  #answer: ((approvalId: string | null) => void) | null = null;

  get asked(): Asked | null {
    return this.#asked;
  }

  /** Resolves with the yes, or with null when nobody said it. */
  ask(asked: Asked): Promise<string | null> {
    this.answer(null);
    this.#asked = asked;
    return new Promise((resolve) => (this.#answer = resolve));
  }

  answer(approvalId: string | null): void {
    this.#asked = null;
    this.#answer?.(approvalId);
    this.#answer = null;
  }
}

/** The same host, whose refused commands ask for a yes and go on with it. */
export function withApprovals(host: Host, asking: Asking): Host {
  return {
    onChanged: (listener) => host.onChanged(listener),
    async call(name, request) {
      let sent = request;
      for (let questions = 0; ; questions += 1) {
        try {
          return await host.call(name, sent);
        } catch (thrown) {
          const error = toHostError(thrown);
          const asked = questions < MOST_QUESTIONS ? askedFor(error) : null;
          const approvalId = asked === null ? null : await asking.ask(asked);
          if (approvalId === null) throw error;
          sent = { ...request, approval_id: approvalId };
        }
      }
    },
  };
}

/** What a refusal asks for; null when nobody's yes would help. */
function askedFor(error: HostError): Asked | null {
  const { permission, subject, line_id: lineId, amount } = error.params;
  if (typeof permission !== 'string' || typeof subject !== 'string') return null;
  return {
    permission: permission as Permission,
    subject,
    line_id: typeof lineId === 'string' ? lineId : null,
    amount: typeof amount === 'number' ? amount : null,
  };
}
