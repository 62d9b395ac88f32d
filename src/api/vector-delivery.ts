import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Delivery, StoredRow } from '../upload/delivery.ts';
import type { Capabilities, VectorRequest } from '../upload/server.ts';
import { ask, askAgain, postJson, readAs } from './ask.ts';
import type { Http } from './http.ts';
import { sendUpload } from './outcome.ts';
import { newVectorSchema, type StoredVector, storedVectorSchema } from './schemas.ts';

const ownedSchema = z.looseObject({ vectors: z.array(storedVectorSchema) });
const oneSchema = z.looseObject({ vector: storedVectorSchema });

/** One steering vector to a server with the upload protocol: one request under a key, looked up by name and values. */
export function protocolVector(http: Http, capabilities: Capabilities, request: VectorRequest): Delivery {
  const { modelId, layer, hookType, label, strength } = request;
  const fields = JSON.stringify({
    modelId,
    layerNumber: layer,
    hookType,
    vectorLabel: label,
    vectorDefaultSteerStrength: strength,
    kind: 'vector',
  });
  return {
    format: { before: `${fields.slice(0, -1)},"vector":[`, after: ']}', aroundRow: () => ({ before: '', after: '' }) },
    maxRows: 1,
    maxBytes: capabilities.maxBytes,
    maxInFlight: 1,
    settle: capabilities.idempotencyKeys ? 'resend' : 'lookup',
    async send(body, key, signal) {
      const headers = { 'idempotency-key': key };
      const post = { method: 'POST', path: '/api/vector/new', body, headers, signal } as const;
      const result = await sendUpload(http, post, `uploading the vector "${label}" to ${modelId}`);
      if ('type' in result) return result;
      const { vector } = readAs(result, newVectorSchema, 'uploading the vector');
      return { type: 'stored', ids: [`${vector.modelId}/${vector.source}/${vector.index}`] };
    },
    async lookup() {
      const owned = await ask(http, postJson('/api/vector/list-owned'), ownedSchema, 'looking up your vectors');
      const source = vectorSource(layer, hookType);
      const same = owned.vectors.find(
        (vector) =>
          vector.modelId === modelId &&
          vector.layer === source &&
          vector.vectorLabel === label &&
          vector.vectorDefaultSteerStrength === strength &&
          hashOf(vector) === request.vectorHash,
      );
      return new Map(same ? [[0, { id: idOf(same), vectorHash: request.vectorHash }]] : []);
    },
  };
}

/** The source that a server files a vector under. */
export function vectorSource(layer: number, hookType: VectorRequest['hookType']): string {
  return `${layer}-neuronpedia-${hookType === 'hook_resid_pre' ? 'resid-pre' : 'resid-post'}`;
}

/** A vector by its id; undefined where the server has none. */
export async function fetchVector(http: Http, id: string): Promise<StoredRow | undefined> {
  const [modelId, source, index] = id.split('/');
  const answer = await askAgain(http, postJson('/api/vector/get', { modelId, source, index }));
  if (answer.status === 404) return undefined;
  const { vector } = readAs(answer, oneSchema, `reading ${id}`);
  return { id: idOf(vector), vectorHash: hashOf(vector) };
}

function idOf({ modelId, layer, index }: StoredVector): string {
  return `${modelId}/${layer}/${index}`;
}

function hashOf({ vector }: StoredVector): string {
  return createHash('sha256')
    .update(Buffer.from(Float32Array.from(vector).buffer))
    .digest('hex');
}
