import type { IncomingMessage } from 'node:http';
import type { Answer } from './answer.ts';
import type { Route } from './route.ts';
import type { Store } from './store/store.ts';

/** A request before its body is looked at. */
export interface Visit {
  store: Store;
  now: Date;
  /** The address that it came from. */
  ip: string;
  path: string;
}

/** One kind of server over a store: its endpoints, and what it answers where none of them does. */
export interface ServerKind {
  routes: readonly Route[];
  maxBodyBytes: number;
  /** Reads a body; undefined is a body that `bodyTooLarge` answers. Rejects when the client goes away before its end. */
  readBody(request: IncomingMessage, cap: number): Promise<Uint8Array | undefined>;
  bodyTooLarge(cap: number): Answer;
  notHttp(): Answer;
  unknownPath(segments: readonly string[]): Answer;
  badPath(problem: string): Answer;
  wrongMethod(allowed: readonly string[]): Answer;
  /** The answer to whatever a handler threw. */
  failure(error: unknown): Answer;
  /**
   * Stands around every answer, where a kind has a say in all of them: `answerIt` makes the answer, and is told what is
   * left of the caller's window where that is known.
   */
  around?(visit: Visit, answerIt: (remaining: string | null) => Promise<Answer>): Promise<Answer>;
}
