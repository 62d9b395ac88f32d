import type { Account } from './accounts.ts';
import type { Answer } from './answer.ts';
import { refuse, refuseField } from './refusal.ts';
import type { Store } from './store/store.ts';
import { requireStorableTexts } from './text.ts';

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
  body: Uint8Array;
}

/** One endpoint. A route table is a list of these; to add an endpoint, add an entry. */
export interface Route {
  method: 'GET' | 'POST';
  /** Segments that start with `:` match anything. */
  path: string;
  /** May throw a refusal. Runs to its end without giving way to another request. */
  handle(call: Call): Answer;
}

/** How one kind of server behaves over a store. */
export interface RouteTable {
  routes: readonly Route[];
  maxBodyBytes: number;
}

/** The user of a request that needs a key; refuses with 401 without one. */
export function requireAccount({ account }: Call): Account {
  if (account !== undefined) return account;
  const message = 'this endpoint requires authorization: send a valid API key in the header x-api-key';
  refuse(401, 'authentication_failed', message);
}

/** The user of a request that stores something; refuses with 401 or 403. */
export function requireUploader(call: Call): Account {
  const account = requireAccount(call);
  if (!account.mayUpload) refuse(403, 'upload_not_permitted', 'this key has no upload permission');
  return account;
}

function decode(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    refuseField('', 'the body is not UTF-8');
  }
}

/** The parsed JSON body, with every text in it fit for storing; refuses with 400 `invalid_field`. */
export function readJson({ body }: Pick<Call, 'body'>): unknown {
  const text = decode(body);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    refuseField('', `the body is not JSON: ${(error as Error).message}`);
  }
  requireStorableTexts(text, value);
  return value;
}
