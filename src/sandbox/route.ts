import type { Account } from './accounts.ts';
import type { Answer } from './answer.ts';
import type { Store } from './store/store.ts';

/** One request, as a handler sees it. */
export interface Call {
  store: Store;
  now: Date;
  /** Where this server is reached, without a slash at the end. */
  origin: string;
  /** Whose key came with the request; undefined without a known key. */
  account: Account | undefined;
  /** The values of the `:name` segments of the route's path, in order. */
  params: string[];
  /** The value of the `Idempotency-Key` header. */
  idempotencyKey: string | undefined;
  /** The route's path, so that one key on two endpoints is noticed. */
  path: string;
  /** How many requests are left of the caller's window; null where nothing is counted. */
  remaining: string | null;
  body: Uint8Array;
}

/** One endpoint. A route table is a list of these; to add an endpoint, add an entry. */
export interface Route {
  method: 'GET' | 'POST';
  /** Segments that start with `:` match anything. */
  path: string;
  /** May throw; the kind of server makes an answer of it. One that is not async gives way to no other request. */
  handle(call: Call): Answer | Promise<Answer>;
}
