import type { IncomingMessage } from 'node:http';
import type { Answer } from './answer.ts';
import type { Route } from './route.ts';
import type { Store } from './store/store.ts';

/** What is known of a request without its body. */
export interface Visit {
  store: Store;
  now: Date;
  /** The client's address. */
  ip: string;
  path: string;
}

/** One kind of server over a store: its endpoints, and its answers to requests that fit none of them. */
export interface ServerKind {
  routes: readonly Route[];
  maxBodyBytes: number;
  /** Reads a body; undefined if `bodyTooLarge` is the answer. Rejects if the client disconnects before its end. */
  readBody(request: IncomingMessage, cap: number): Promise<Uint8Array | undefined>;
  bodyTooLarge(cap: number): Answer;
  notHttp(): Answer;
  unknownPath(segments: readonly string[]): Answer;
  badPath(problem: string): Answer;
  wrongMethod(allowed: readonly string[]): Answer;
  /** The answer to whatever a handler threw. */
  failure(error: unknown): Answer;
  /**
   * Wraps the answer to every request whose body was read. `answerIt` makes the answer; its argument is how many requests
   * are left in the caller's rate-limit window, or null if none are counted.
   */
  around?(visit: Visit, answerIt: (remaining: string | null) => Promise<Answer>): Promise<Answer>;
}
