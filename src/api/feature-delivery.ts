import type { Delivery, StoredRow } from '../upload/delivery.ts';
import type { Pacer } from '../upload/pacer.ts';
import type { Capabilities, FeatureDestination } from '../upload/server.ts';
import { ask, postJson } from './ask.ts';
import type { Http } from './http.ts';
import { inHalves } from './in-halves.ts';
import { manyOf } from './many-of.ts';
import { sendUpload, storedIfCreated } from './outcome.ts';
import { lookedUpSchema } from './schemas.ts';

/** Features per look-up. More fit into an answer if the server can be asked for just two short fields. */
const lookupRows = { fields: 1024, whole: 256 } as const;

/** Delivers features in batches, each with a key if the server knows keys. Look-ups return hashes of vectors it keeps. */
export function featureDelivery(
  http: Http,
  capabilities: Capabilities,
  destination: FeatureDestination,
  pacer: Pacer,
): Delivery {
  const { modelId, source, format } = destination;
  return {
    format,
    pacer,
    maxRows: capabilities.maxRows,
    maxBytes: capabilities.maxBytes,
    maxInFlight: capabilities.maxInFlight,
    serverNames: false,
    settle: capabilities.idempotencyKeys ? 'resend' : 'lookup',
    async send(body, key, signal, rows) {
      const headers = capabilities.idempotencyKeys ? { 'idempotency-key': key } : {};
      const request = { method: 'POST', path: '/api/feature/upload-batch', body, headers, signal } as const;
      const result = await sendUpload(http, request, `uploading to ${modelId}/${source}`, pacer);
      return 'type' in result ? result : storedIfCreated(result, rows, capabilities.idempotencyKeys);
    },
    async lookup(rows) {
      const found = new Map<number, StoredRow>();
      const step = capabilities.storesVectors ? lookupRows.fields : lookupRows.whole;
      for (let at = 0; at < rows.length; at += step) {
        const rowOf = new Map(rows.slice(at, at + step).map((row) => [format.indexOf?.(row) ?? row, row]));
        const asked = Array.from(rowOf.keys(), (index) => ({ modelId, layer: source, index }));
        const there = await inHalves(asked, (some) => lookUp(http, capabilities, source, some));
        for (const { index, ...stored } of there) {
          found.set(rowOf.get(index) as number, stored);
        }
      }
      return { stored: found };
    },
  };
}

interface AskedFeature {
  readonly modelId: string;
  readonly layer: string;
  readonly index: number;
}

async function lookUp(http: Http, { storesVectors }: Capabilities, source: string, asked: readonly AskedFeature[]) {
  const body = storesVectors
    ? { features: asked, fields: ['index', 'vectorHash'] }
    : asked.map((feature) => ({ ...feature, maxActsToReturn: 1 }));
  const rows = await ask(http, postJson('/api/features', body), manyOf(lookedUpSchema), `looking up ${source}`);
  const indices = new Set(asked.map(({ index }) => index));
  const [modelId] = asked.map((feature) => feature.modelId);
  // A server asked for single fields may leave out model and source. A row that names others was not asked for.
  const isAsked = (row: (typeof rows)[number]) =>
    (row.modelId ?? modelId) === modelId && (row.layer ?? source) === source;
  return rows
    .filter((row) => isAsked(row) && indices.has(row.index))
    .map(({ index, vectorHash }) => ({ index, ...(vectorHash && storesVectors && { vectorHash }) }));
}
