import type { AroundRow, Delivery, LookedUp, StoredRow } from '../upload/delivery.ts';
import { looseHash } from '../upload/fingerprint.ts';
import type { Pacer } from '../upload/pacer.ts';
import type { Capabilities, VectorDestination } from '../upload/server.ts';
import { vectorSource } from '../upload/vector-source.ts';
import { postJson, requireAsked } from './ask.ts';
import { askEach, type Collector } from './ask-each.ts';
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

/** Ids of stored vectors: with the content of a row, by that content, and the first of each name. */
interface OwnVectors {
  readonly same: ReadonlyMap<string, string>;
  readonly named: ReadonlyMap<string, string>;
}

const contentKey = (name: string, hash: string) => `${hash} ${name}`;

/** Finds rows among the account's vectors. The server's copies have lost the sign of zeros, so values are compared without it. */
async function lookUp(http: Http, destination: VectorDestination, rows: readonly number[]): Promise<LookedUp> {
  const { modelId, layer, hookType, label, hashes } = destination;
  const keyOf = (row: number) => contentKey(label(row), hashes(row).loose);
  const names = new Set(rows.map((row) => label(row)));
  const contents = new Set(rows.map(keyOf));
  const source = vectorSource(layer, hookType);
  const collect = (): Collector<StoredVector, OwnVectors> => {
    const [same, named] = [new Map<string, string>(), new Map<string, string>()];
    return {
      take(vector) {
        const { vectorLabel: name, index } = vector;
        if (vector.modelId !== modelId || vector.layer !== source || typeof name !== 'string' || !names.has(name))
          return;
        const id = `${modelId}/${source}/${index}`;
        if (!named.has(name)) named.set(name, id);
        if (!isAlike(vector, destination)) return;
        const key = contentKey(name, looseHash(Float32Array.from(vector.vector)));
        if (contents.has(key) && !same.has(key)) same.set(key, id);
      },
      result: () => ({ same, named }),
    };
  };
  const list = { key: 'vectors', one: storedVectorSchema, collect };
  const own = await askEach(http, postJson('/api/vector/list-owned'), list, 'looking up your vectors');
  const stored = new Map<number, StoredRow>();
  const namesakes = new Map<number, string>();
  for (const row of rows) {
    const [id, namesake] = [own.same.get(keyOf(row)), own.named.get(label(row))];
    if (id !== undefined) stored.set(row, { id, vectorHash: hashes(row).exact });
    else if (namesake !== undefined) namesakes.set(row, namesake);
  }
  return { stored, namesakes };
}

/** What a vector is if nothing else was asked for. */
const usual: Readonly<Record<string, unknown>> = { kind: 'vector', visibility: 'public' };

/**
 * Whether a stored vector has the strength and the marks of those to be uploaded. A mark that the server's list does not show
 * makes no difference: taking its own vector for another's, a run would upload it again. A null is shown: the vector has none,
 * or what is usual.
 */
function isAlike(vector: StoredVector, { strength, marks }: VectorDestination): boolean {
  const isMarked = Object.entries(marks).every(([name, value]) => {
    const shown = vector[name] ?? usual[name] ?? null;
    return !(name in vector) || shown === value;
  });
  return isMarked && vector.vectorDefaultSteerStrength === strength;
}
