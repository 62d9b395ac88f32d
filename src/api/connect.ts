import { checkOptions } from '../check-options.ts';
import type { AppError } from '../errors.ts';
import * as z from '../schema.ts';
import { createPacer } from '../upload/pacer.ts';
import type { Made, ModelRecord, Server, SourceSet } from '../upload/server.ts';
import { ask, askAgain, postJson, readOrRefuse, requireAsked } from './ask.ts';
import { askQuota, discover } from './discover.ts';
import { featureDelivery } from './feature-delivery.ts';
import type { Answer, Http } from './http.ts';
import { manyOf } from './many-of.ts';
import { type ConnectOptions, connectRules, openServer, textOf } from './open-server.ts';
import { rowAccess } from './rows.ts';
import { modelSchema, sourceSetSchema } from './schemas.ts';
import { vectorActivationDelivery } from './vector-activations.ts';
import { vectorDelivery } from './vector-delivery.ts';

/** A server that has been identified, and the connection to it. */
export interface Connection {
  readonly server: Server;
  readonly http: Http;
  close(): Promise<void>;
}

/**
 * Connects, and finds out what the server is and what it can do.
 * Errors: those of `discover` and `openServer`, usage for wrong options, and the signal's reason.
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  checkOptions(options, connectRules);
  const { signal } = options;
  signal?.throwIfAborted();
  const http = openServer(options);
  const cut = () => http.close();
  signal?.addEventListener('abort', cut, { once: true });
  try {
    return {
      server: await makeServer(http, options),
      http,
      close: () => http.close(),
    };
  } catch (error) {
    await http.close();
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', cut);
  }
}

async function makeServer(http: Http, { name, url, words = '' }: ConnectOptions): Promise<Server> {
  const { id, account, capabilities, quota } = await discover(http);
  // Each endpoint has its own request window, which all jobs of this connection share.
  const pacers = { features: createPacer(), vectors: createPacer(), activations: createPacer() };
  return {
    name: name ?? textOf(url).replace(/\/+$/, ''),
    words,
    id,
    account,
    capabilities,
    quota,
    askQuota: () => askQuota(http),
    getModel: (modelId) => getModel(http, modelId),
    listModels: async () =>
      (await ask(http, postJson('/api/model/list'), manyOf(modelSchema), 'listing models')).map(toModel),
    createModel: (modelId, layers) => createModel(http, modelId, layers),
    getSourceSet: (modelId, name) => getSourceSet(http, modelId, name),
    createSourceSet: (modelId, name, about) => createSourceSet(http, modelId, name, about),
    rows: rowAccess(http, capabilities),
    features: (destination) => featureDelivery(http, capabilities, destination, pacers.features),
    vectorActivations: (vectorId, fields) =>
      vectorActivationDelivery(http, capabilities, vectorId, fields, pacers.activations),
    vectors: (destination) => vectorDelivery(http, capabilities, destination, pacers.vectors),
  };
}

function toModel(model: z.infer<typeof modelSchema>): ModelRecord {
  return { id: model.id, layers: model.layers, dimension: model.dimension ?? null };
}

async function getModel(http: Http, id: string): Promise<ModelRecord | undefined> {
  const found = await ask(
    http,
    postJson('/api/model/get', { id }),
    z.nullable(modelSchema),
    `asking for the model "${id}"`,
  );
  if (found === null) return undefined;
  requireAsked(found, { id }, `asking for the model "${id}"`);
  return toModel(found);
}

async function createModel(http: Http, id: string, layers: number): Promise<ModelRecord & Made> {
  const make = () => askAgain(http, postJson('/api/model/new', { id, layers }));
  const read = (answer: Answer) => toModel(readOrRefuse(answer, modelSchema, `creating the model "${id}"`));
  return makeOrFind(() => getModel(http, id), make, read);
}

async function getSourceSet(http: Http, modelId: string, name: string): Promise<SourceSet | undefined> {
  const path = `/api/source-set/${encodeURIComponent(modelId)}/${encodeURIComponent(name)}`;
  const answer = await askAgain(http, { method: 'GET', path });
  if (answer.status === 404) return undefined;
  const found = readOrRefuse(answer, z.nullable(sourceSetSchema), `asking for the source set "${name}"`);
  if (found === null) return undefined;
  requireAsked(found, { name }, `asking for the source set "${name}"`);
  return toSourceSet(found);
}

async function createSourceSet(
  http: Http,
  modelId: string,
  name: string,
  { description, urls: [url] }: Pick<SourceSet, 'description' | 'urls'>,
): Promise<SourceSet & Made> {
  const body = { modelId, name, ...(description !== '' && { description }), ...(url !== undefined && { url }) };
  const make = () => askAgain(http, postJson('/api/source-set/new', body));
  const read = (answer: Answer) =>
    toSourceSet(readOrRefuse(answer, sourceSetSchema, `creating the source set "${name}"`));
  return makeOrFind(() => getSourceSet(http, modelId, name), make, read);
}

/**
 * Makes something if it does not exist. It may exist by the time of the request, made by another run or by a first try whose
 * answer was lost. The request is then refused, because it exists or because the server's limit is reached (five models and
 * ten sets an hour, refusals included). So a failure is followed by another look.
 */
async function makeOrFind<T>(
  find: () => Promise<T | undefined>,
  make: () => Promise<Answer>,
  read: (answer: Answer) => T,
): Promise<T & Made> {
  const before = await find();
  if (before) return { ...before, isNew: false };
  const made = await make()
    .then(read)
    .catch((error: unknown) => error as AppError);
  if (!(made instanceof Error)) return { ...made, isNew: true };
  const there = await find();
  if (!there) throw made;
  return { ...there, isNew: false };
}

function toSourceSet({ creatorId, description, urls }: z.infer<typeof sourceSetSchema>): SourceSet {
  return { creatorId: creatorId ?? '', description: description ?? '', urls: urls ?? [] };
}
