/** The host seam for unit tests: answers are scripted per command, calls are recorded. Never shipped. */
import type { CommandName, Request, Response } from '../src/lib/host/commands';
import type { Topic } from '../src/lib/host/bindings/Topic';
import { type Host, HostError } from '../src/lib/host/host';

type Handler<Name extends CommandName> = (request: Request<Name>) => Response<Name> | Promise<Response<Name>>;

export class FakeHost implements Host {
  readonly calls: { readonly name: CommandName; readonly request: unknown }[] = [];
  readonly #handlers: { [Name in CommandName]?: Handler<Name> } = {};
  readonly #listeners = new Set<(topics: readonly Topic[]) => void>();

  /** Scripts the answer to a command. */
  on<Name extends CommandName>(name: Name, handler: Handler<Name>): this {
    Object.assign(this.#handlers, { [name]: handler });
    return this;
  }

  async call<Name extends CommandName>(name: Name, request: Request<Name>): Promise<Response<Name>> {
    this.calls.push({ name, request });
    const handler: Handler<Name> | undefined = this.#handlers[name];
    if (handler === undefined) throw new HostError('app.unknown_command', { command: name });
    return handler(request);
  }

  onChanged(listener: (topics: readonly Topic[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Says that something changed, as the program does. */
  tell(...topics: Topic[]): void {
    this.#listeners.forEach((listener) => listener(topics));
  }

  /** Requests of one command, in order. */
  requests<Name extends CommandName>(name: Name): Request<Name>[] {
    return this.calls.filter((call) => call.name === name).map((call) => call.request as Request<Name>);
  }
}

/** A promise that the test answers when it wants to. */
export function later<T>(): { readonly promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve: (value) => resolve(value), reject: (error) => reject(error) };
}
