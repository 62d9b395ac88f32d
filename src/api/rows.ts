import { AppError, answeredStatus } from '../errors.ts';
import * as z from '../schema.ts';
import type { Capabilities, RowAccess, RowContent } from '../upload/server.ts';
import { permanentError, readComplaint } from './answer-errors.ts';
import { ask, askAgain, postJson } from './ask.ts';
import { fetchFeature } from './feature.ts';
import { idParts } from './feature-id.ts';
import type { Http } from './http.ts';
import { inHalves } from './in-halves.ts';
import { manyOf } from './many-of.ts';
import { accountId, digest } from './schemas.ts';

/** Rows per request. A server that cannot be asked for single fields sends rows in full, vectors with 15 KB or more. */
const rowsAtOnce = { fields: 1024, whole: 32 } as const;

const ownedSchema = z.looseObject({
  modelId: z.string(),
  layer: z.string(),
  index: z.pipe(z.union([z.string(), z.number()]), z.transform(String)),
  creatorId: z.nullish(accountId),
  vectorHash: z.nullish(digest),
});

/** Returns access to rows of any kind by their ids: who owns them, what they hold, and how to delete them. */
export function rowAccess(http: Http, { storesVectors }: Pick<Capabilities, 'storesVectors'>): RowAccess {
  return {
    async owners(ids) {
      const found = new Map<string, string>();
      const step = storesVectors ? rowsAtOnce.fields : rowsAtOnce.whole;
      for (let at = 0; at < ids.length; at += step) {
        const asked = ids.slice(at, at + step);
        const rows = await inHalves(asked, (some) =>
          ask(http, postJson('/api/features', bodyOf(some, storesVectors)), manyOf(ownedSchema), 'looking up rows'),
        );
        const wanted = new Set(asked);
        for (const { modelId, layer, index, creatorId } of rows) {
          const id = `${modelId}/${layer}/${index}`;
          if (wanted.has(id)) found.set(id, creatorId ?? '');
        }
      }
      return found;
    },
    read: async (ids, activations) => new Map(await inHalves(ids, (some) => readRows(http, some, activations))),
    remove: (id) => remove(http, id),
  };
}

/**
 * Reads rows in full, all in one request. A single row is read from its own page: the answer about several leaves out the
 * activations of vectors.
 */
async function readRows(http: Http, ids: readonly string[], activations: number): Promise<[string, RowContent][]> {
  const [first = ''] = ids;
  if (ids.length < 2) {
    const row = ids.length === 1 ? await fetchFeature(http, idParts(first)) : undefined;
    return row ? [[first, row]] : [];
  }
  const asked = ids.map((id) => ({ ...askedFor(id), maxActsToReturn: activations }));
  const rows = await ask(http, postJson('/api/features', asked), z.array(ownedSchema), 'reading rows back');
  const wanted = new Set(ids);
  const named = rows.map((row): [string, RowContent] => [`${row.modelId}/${row.layer}/${row.index}`, row]);
  return named.filter(([id]) => wanted.has(id));
}

/** How a request about many rows names one of them. */
function askedFor(id: string) {
  const { model, source, index } = idParts(id);
  return { modelId: model, layer: source, index: Number(index) };
}

function bodyOf(ids: readonly string[], fields: boolean) {
  const asked = ids.map((id) => ({ ...askedFor(id), ...(!fields && { maxActsToReturn: 0 }) }));
  return fields ? { features: asked, fields: ['modelId', 'layer', 'index', 'creatorId'] } : asked;
}

/**
 * Deletes a row. Returns the message of a refusal or a 500 for the caller to report: what counts is whether the row is gone.
 * Errors: unreachable, authentication_failed, paused, server_failing.
 */
async function remove(http: Http, id: string): Promise<string | undefined> {
  const { model, source, index } = idParts(id);
  const answer = await askAgain(http, postJson('/api/vector/delete', { modelId: model, source, index })).catch(
    (error: unknown) => asFailure(error),
  );
  if (typeof answer === 'string') return answer;
  if (answer.status === 401) throw permanentError(answer, `deleting ${id}`);
  return answer.status === 200 || answer.status === 404 ? undefined : readComplaint(answer).message;
}

function asFailure(error: unknown): string {
  if (!(error instanceof AppError)) throw error;
  const status = answeredStatus(error);
  if (status === 429) {
    throw new AppError('paused', `deleting: ${error.message}`, {
      hints: ['deletions so far are recorded: run the same command again later to continue'],
      details: error.details,
      cause: error,
    });
  }
  // 502 to 504 are a gateway's: the server behind it may still be deleting.
  if (status === 500) return error.message;
  throw error;
}
