import { z } from 'zod';
import type { Delivery, StoredRow } from '../upload/delivery.ts';
import type { Capabilities, FeatureDestination } from '../upload/server.ts';
import { ask, postJson } from './ask.ts';
import type { Http } from './http.ts';
import { sendUpload } from './outcome.ts';
import { featureSchema } from './schemas.ts';

/** Features a look-up asks for at once: more than any answer limit needs at two short fields a feature. */
const lookupRows = 1024;

/** Features to a server with the upload protocol: batches under a key each, looked up by the hash of their vectors. */
export function protocolFeatures(http: Http, capabilities: Capabilities, destination: FeatureDestination): Delivery {
  const { modelId, source, format } = destination;
  return {
    format,
    maxRows: capabilities.maxRows,
    maxBytes: capabilities.maxBytes,
    maxInFlight: capabilities.maxInFlight,
    settle: capabilities.idempotencyKeys ? 'resend' : 'lookup',
    async send(body, key, signal) {
      const headers = { 'idempotency-key': key };
      const request = { method: 'POST', path: '/api/feature/upload-batch', body, headers, signal } as const;
      const result = await sendUpload(http, request, `uploading to ${modelId}/${source}`);
      return 'type' in result ? result : { type: 'stored' };
    },
    async lookup(rows) {
      const found = new Map<number, StoredRow>();
      for (let at = 0; at < rows.length; at += lookupRows) {
        for (const row of await lookUp(http, modelId, source, rows.slice(at, at + lookupRows)))
          found.set(row.index, row);
      }
      return found;
    },
  };
}

async function lookUp(http: Http, modelId: string, source: string, indices: readonly number[]) {
  const features = indices.map((index) => ({ modelId, layer: source, index }));
  const request = postJson('/api/features', { features, fields: ['index', 'vectorHash'] });
  const rows = await ask(http, request, z.array(featureSchema), `looking up ${modelId}/${source}`);
  const asked = new Set(indices);
  return rows
    .filter(({ index }) => asked.has(index))
    .map(({ index, vectorHash }) => ({ index, ...(vectorHash && { vectorHash }) }));
}
