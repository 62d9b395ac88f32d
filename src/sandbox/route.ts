import type { Account } from './accounts.ts';
import type { Answer } from './answer.ts';
import type { Store } from './store/store.ts';

/** One request, as a handler sees it. */
export interface Call {
  store: Store;
  now: Date;
  /** The address of this server, without a trailing slash. */
  origin: string;
  /** The account of the request's key; undefined if the key is missing or unknown. */
  account: Account | undefined;
  /** The values of the `:name` segments of the route's path, in order. */
  params: string[];
  /** The value of the `Idempotency-Key` header. */
  idempotencyKey: string | undefined;
  /** The route's path. Hashed with the body, it shows when an idempotency key is reused on another endpoint. */
  path: string;
  /** How many requests are left in the caller's rate-limit window; null if none are counted. */
  remaining: string | null;
  body: Uint8Array;
}

/** One endpoint. A route table is a list of these; to add an endpoint, add an entry. */
export interface Route {
  method: 'GET' | 'POST';
  /** Segments that start with `:` match anything. */
  path: string;
  /** May throw: the server kind turns errors into answers. A handler that is not async blocks all other requests. */
  handle(call: Call): Answer | Promise<Answer>;
}
