import type { z } from 'zod';
import { AppError } from '../errors.ts';
import { createPacer } from '../upload/pacer.ts';
import type { Made, ModelRecord, Server, SourceSet } from '../upload/server.ts';
import { ask, askAgain, checkPlace, postJson, readOrRefuse } from './ask.ts';
import { askQuota, discover } from './discover.ts';
import { featureDelivery } from './feature-delivery.ts';
import { type Answer, type Http, openHttp } from './http.ts';
import { manyOf } from './many-of.ts';
import { rowAccess } from './rows.ts';
import { modelSchema, sourceSetSchema } from './schemas.ts';
import { vectorActivationDelivery } from './vector-activations.ts';
import { vectorDelivery } from './vector-delivery.ts';

export interface ConnectOptions {
  /** Address of the server: `https://host[:port][/path]`. */
  readonly url: string;
  /** How people know the server, if not by its address. */
  readonly name?: string;
  readonly key: string | undefined;
  /** Where the key was found, for the error of a server that refuses it. */
  readonly keyFrom?: string;
  readonly userAgent: string;
  /** Allows plain http to a host that is not this machine. */
  readonly insecure: boolean;
  readonly onExchange?: (line: string) => void;
}

/** A server that has been asked who it is, and the connection to it. */
export interface Connection {
  readonly server: Server;
  readonly http: Http;
  close(): Promise<void>;
}

/** Opens connections to the server at an address without asking it anything. Error: usage for what is no address. */
export function openServer(options: ConnectOptions): Http {
  const url = parseServerUrl(options.url, options.insecure);
  const basePath = url.pathname.replace(/\/+$/, '');
  return openHttp({ ...options, origin: url.origin, basePath });
}

/** Connects and finds out what the server is and can. Errors: those of `discover`, and usage for a bad address. */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const http = openServer(options);
  try {
    return {
      server: await makeServer(http, options.name ?? options.url.replace(/\/+$/, '')),
      http,
      close: () => http.close(),
    };
  } catch (error) {
    await http.close();
    throw error;
  }
}

/** What was probably meant by an address without its beginning. */
function withScheme(text: string): string {
  if (/^(localhost|127\.)/.test(text)) return `http://${text}`;
  const isHost = /^[\w-]+(\.[\w-]+)+(:\d+)?(\/\S*)?$/.test(text);
  return isHost ? `https://${text}` : 'https://www.neuronpedia.org or http://localhost:3000';
}

/** Reads a server's address. Plain http would show the key to everyone on the way, except on this machine itself. */
export function parseServerUrl(text: string, insecure: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new AppError('usage', `"${withoutUser(text)}" is not the address of a server`, {
      hints: [`write it with https:// before it, as in ${withScheme(text)}`],
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new AppError('usage', 'the address of the server holds a user name or password', {
      hints: ['keys are given with: neuronpedia login'],
    });
  }
  if (url.search !== '' || url.hash !== '') {
    throw new AppError('usage', `${url.origin}: the address of a server has no "?" or "#" in it`, {
      hints: ['keys are given with: neuronpedia login'],
    });
  }
  if (/\/api\/?$/.test(url.pathname)) {
    throw new AppError('usage', `"${text}": the address of the server itself is meant, without /api`, {
      hints: [`--api-url ${url.href.replace(/\/api\/?$/, '')}`],
    });
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !insecure) {
    throw new AppError('usage', `${url.origin}: plain http would send your key readable to everyone on the way`, {
      hints: ['use https, or allow it with --insecure'],
    });
  }
  return url;
}

/** Whoever writes a key into an address does not want to see it again. */
function withoutUser(text: string): string {
  const at = text.lastIndexOf('@');
  return at < 0 ? text.replace(/[?#].*/s, '…') : `…${text.slice(at)}`;
}

/** By the parsed name, in which all ways to write an address are the same: 2130706433 is 127.0.0.1. Any other name is up to DNS. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || /^(127\.\d+\.\d+\.\d+|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])$/.test(host);
}

async function makeServer(http: Http, name: string): Promise<Server> {
  const { id, account, capabilities, quota } = await discover(http);
  // Each endpoint has a window of its own, which all jobs of this connection share.
  const pacers = { features: createPacer(), vectors: createPacer(), activations: createPacer() };
  return {
    name,
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
    modelSchema.nullable(),
    `asking for the model "${id}"`,
  );
  if (found === null) return undefined;
  checkPlace(found, { id }, `asking for the model "${id}"`);
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
  const found = readOrRefuse(answer, sourceSetSchema.nullable(), `asking for the source set "${name}"`);
  if (found === null) return undefined;
  checkPlace(found, { name }, `asking for the source set "${name}"`);
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
 * Makes what was not there a while ago. Another run may have made it since, or do so at the same moment: then this one is
 * refused, because it is there, or because the server (five models and ten sets an hour, refusals counted) has had enough
 * of these requests. The same after a first try whose answer was lost.
 */
async function makeOrFind<T>(
  find: () => Promise<T | undefined>,
  make: () => Promise<Answer>,
  read: (answer: Answer) => T,
): Promise<T & Made> {
  const before = await find();
  if (before) return { ...before, isNew: false };
  const answer = await make().catch((error: unknown) => error as AppError);
  const made = 'status' in answer && answer.status === 200 ? undefined : await find();
  if (made) return { ...made, isNew: false };
  if (!('status' in answer)) throw answer;
  return { ...read(answer), isNew: true };
}

function toSourceSet({ creatorId, description, urls }: z.infer<typeof sourceSetSchema>): SourceSet {
  return { creatorId: creatorId ?? '', description: description ?? '', urls: urls ?? [] };
}
