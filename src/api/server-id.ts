import { AppError } from '../errors.ts';
import type { Answer } from './http.ts';

/** The header by which a server says which one it is, whatever its address. */
export const serverIdHeader = 'x-server-id';

/**
 * Checks the id of the server that answered. An answer without one is a gateway's or a failing server's, and is recognised
 * as such elsewhere. Error: checkpoint_mismatch.
 */
export function requireServer({ headers, origin }: Answer, expected: string): void {
  const found = headers.get(serverIdHeader);
  if (found === undefined || found === expected) return;
  const what = `a different server is answering now: expected ${expected}, found ${found}`;
  throw new AppError('checkpoint_mismatch', `${origin}: ${what}`, {
    hints: ['what was sent until then is on the first one: run again once it is back'],
    details: { expected, found },
  });
}
