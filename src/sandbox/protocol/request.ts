import type { Account } from '../accounts.ts';
import type { Call } from '../route.ts';
import { refuse, refuseField } from './refusal.ts';
import { requireStorableTexts } from './texts.ts';

/** Returns the user of a request; refuses with 401 without a known key. */
export function requireAccount({ account }: Call): Account {
  if (account !== undefined) return account;
  const message = 'this endpoint requires authorization: send a valid API key in the header x-api-key';
  refuse(401, 'authentication_failed', message);
}

/** Returns the user of a request that stores something; refuses with 401 or 403. */
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

/** Returns the parsed JSON body, after checking that all its texts can be stored; refuses with 400 `invalid_field`. */
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
