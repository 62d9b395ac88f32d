import * as z from '../../schema.ts';
import type { Account } from '../accounts.ts';
import { freeObject, text, webAddress } from './parse.ts';
import { refuse } from './refusal.ts';

/** Fields about an upload as a whole, common to batches and vectors. Null means missing. */
export const attributionFields = {
  license: z.nullish(text),
  visibility: z.nullish(z.enum(['public', 'private'])),
  description: z.nullish(z.string()),
  tags: z.nullish(z.array(text)),
  paperUrl: z.nullish(webAddress),
  metadata: z.nullish(freeObject),
};

// The default that the upload page states.
const DEFAULT_LICENSE = 'CC-BY-4.0';

/** Returns licence, tags and paper with their defaults, as they are stored and hashed. */
export function attributionOf(given: {
  license?: string | null | undefined;
  tags?: string[] | null | undefined;
  paperUrl?: string | null | undefined;
}) {
  return {
    license: given.license ?? DEFAULT_LICENSE,
    tags: given.tags ?? [],
    paperUrl: given.paperUrl ?? null,
  };
}

/** Refuses private rows if the user's plan does not allow them. */
export function requireVisibility(visibility: 'public' | 'private', account: Account): void {
  if (visibility === 'public' || account.privateUploads) return;
  const message = 'private uploads need a paid plan';
  refuse(403, 'private_requires_paid_plan', message, { path: 'visibility' });
}
