/**
 * The only door from the page to the program: typed calls, errors as codes, topics that changed.
 *
 * Owns the shape of a call and its time limit. Knows no rule of the shop and no words.
 */
import type { ErrorCode } from './bindings/ErrorCode';
import { type CommandName, type Request, type Response, timeoutOf } from './commands';
import type { Topic } from './bindings/Topic';

/** Codes that the page itself can meet, beside those of pos-api. */
export type HostCode = 'host.timeout' | 'host.unreadable';
export type AnyCode = ErrorCode | HostCode;

/** A refused or failed call. Words are made from `code` and `params` where the error is shown. */
export class HostError extends Error {
  constructor(
    readonly code: AnyCode,
    readonly params: Readonly<Record<string, unknown>> = {},
    /** The same request may succeed later. */
    readonly retryable = false,
    /** Finds the request in the log; empty when the program never answered. */
    readonly traceId = '',
  ) {
    super(code);
    this.name = 'HostError';
  }
}

export interface Host {
  /** Runs one command. Rejects with a {@link HostError}, and with nothing else. */
  call<Name extends CommandName>(name: Name, request: Request<Name>): Promise<Response<Name>>;
  /** Tells what has changed, whoever changed it; the returned function stops. */
  onChanged(listener: (topics: readonly Topic[]) => void): () => void;
}

/** Gives up after the command's time limit, so that nothing on the screen waits for ever. */
export async function withTimeout<T>(name: CommandName, answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HostError('host.timeout', { command: name }, true)), timeoutOf(name));
  });
  try {
    return await Promise.race([answer, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Any rejection as a {@link HostError}: what is not an error of pos-api is `host.unreadable`. */
export function toHostError(thrown: unknown): HostError {
  if (thrown instanceof HostError) return thrown;
  if (isRecord(thrown) && typeof thrown['code'] === 'string') {
    const { code, params, retryable, trace_id: traceId } = thrown;
    return new HostError(
      code as AnyCode,
      isRecord(params) ? params : {},
      retryable === true,
      typeof traceId === 'string' ? traceId : '',
    );
  }
  return new HostError('host.unreadable', { detail: String(thrown) });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
