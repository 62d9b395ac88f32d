import type { AroundRow, Delivery, LookedUp, StoredRow } from '../upload/delivery.ts';
import { looseHash } from '../upload/fingerprint.ts';
import type { Pacer } from '../upload/pacer.ts';
import type { Capabilities, VectorDestination } from '../upload/server.ts';
import { vectorSource } from '../upload/vector-source.ts';
import { postJson, requireAsked } from './ask.ts';
import { askEach } from './ask-each.ts';
import type { Http } from './http.ts';
import { notSaid, sendUpload } from './outcome.ts';
import { newVectorSchema, type StoredVector, storedVectorSchema } from './schemas.ts';

/**
 * Delivers steering vectors, one per request, with an idempotency key if the server knows keys. They are looked up among the
 * account's own by name, place and values. Without keys only one is in flight: a crash then leaves at most one unknown.
 */
export function vectorDelivery(
  http: Http,
  capabilities: Capabilities,
  destination: VectorDestination,
  pacer: Pacer,
): Delivery {
  const { modelId, layer, hookType, strength, label, rowFields, indexOf } = destination;
  const fields = JSON.stringify({
    modelId,
    layerNumber: layer,
    hookType,
    vectorDefaultSteerStrength: strength,
  });
  const around =
    (own: (row: number) => string): AroundRow =>
    (row) => ({
      before: `${fields.slice(0, -1)},"vectorLabel":${JSON.stringify(label(row))},"vector":[`,
      after: `${[']', destination.fields, own(row)].filter(Boolean).join(',')}}`,
    });
  return {
    format: {
      before: '',
      after: '',
      values: true,
      ...(rowFields && { mostRead: rowFields.most }),
      ...(indexOf && { indexOf }),
      around: (start, count) => rowFields?.of(start, count).then(around) ?? around(() => ''),
    },
    pacer,
    maxRows: 1,
    maxBytes: capabilities.maxBytes,
    maxInFlight: capabilities.idempotencyKeys ? capabilities.maxInFlight : 1,
    serverNames: true,
    identify: (row) => ({
      label: label(row),
      place: `${modelId}/${vectorSource(layer, hookType)}`,
      hash: destination.hashes(row).loose,
    }),
    settle: capabilities.idempotencyKeys ? 'resend' : 'lookup',
    async send(body, key, signal) {
      const headers = capabilities.idempotencyKeys ? { 'idempotency-key': key } : {};
      const post = { method: 'POST', path: '/api/vector/new', body, headers, signal } as const;
      const result = await sendUpload(http, post, `uploading a vector to ${modelId}`, pacer);
      if ('type' in result) return result;
      const { success, data } = newVectorSchema.safeParse(result.json);
      if (!success) return notSaid(result, 'which vector it has stored');
      const { vector } = data;
      requireAsked(vector, { modelId, source: vectorSource(layer, hookType) }, 'uploading a vector');
      return { type: 'stored', ids: [`${vector.modelId}/${vector.source}/${vector.index}`] };
    },
    lookup: (rows) => lookUp(http, destination, rows),
  };
}

/** What a look-up keeps of a stored vector: a list of thousands is larger than memory. */
interface Owned {
  readonly id: string;
  /** Whether strength and marks are those of the rows to be uploaded. */
  readonly isAlike: boolean;
  readonly hash: string;
}

/** Finds rows among the account's vectors. The server's copy has lost the sign of zeros, so values are compared without it. */
async function lookUp(http: Http, destination: VectorDestination, rows: readonly number[]): Promise<LookedUp> {
  const { modelId, layer, hookType, strength, marks, label, hashes } = destination;
  const source = vectorSource(layer, hookType);
  const names = new Set(rows.map(label));
  const keep = (vector: StoredVector): [string, Owned] | undefined => {
    const { vectorLabel: name, index } = vector;
    if (vector.modelId !== modelId || vector.layer !== source || typeof name !== 'string') return undefined;
    if (!names.has(name)) return undefined;
    const isMarked = Object.entries(marks).every(([mark, value]) => vector[mark] === value);
    const isAlike = isMarked && vector.vectorDefaultSteerStrength === strength;
    return [name, { id: `${modelId}/${source}/${index}`, isAlike, hash: looseHash(Float32Array.from(vector.vector)) }];
  };
  const list = { key: 'vectors', one: storedVectorSchema, keep };
  const owned = await askEach(http, postJson('/api/vector/list-owned'), list, 'looking up your vectors');
  const byName = new Map<string, Owned[]>();
  for (const [name, vector] of owned) byName.set(name, [...(byName.get(name) ?? []), vector]);
  const stored = new Map<number, StoredRow>();
  const namesakes = new Map<number, string>();
  for (const row of rows) {
    const { exact, loose } = hashes(row);
    const named = byName.get(label(row)) ?? [];
    const same = named.find(({ isAlike, hash }) => isAlike && hash === loose);
    if (same) stored.set(row, { id: same.id, vectorHash: exact });
    else if (named[0]) namesakes.set(row, named[0].id);
  }
  return { stored, namesakes };
}
