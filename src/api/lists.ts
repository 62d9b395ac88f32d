import * as z from '../schema.ts';
import { ask, askRest, postJson, readOrRefuse } from './ask.ts';
import { fetchFeature } from './feature.ts';
import type { FeatureId } from './feature-id.ts';
import type { Answer, Http, HttpRequest } from './http.ts';
import { manyOf } from './many-of.ts';

const listSchema = z.looseObject({ id: z.string(), name: z.string() });

type List = z.infer<typeof listSchema>;

/** Most features added by one request. */
const atOnce = 100;

/** A list of features, and how many have just been added to it. */
export interface FilledList {
  readonly id: string;
  readonly isNew: boolean;
  readonly added: number;
}

/**
 * Adds features to the account's list of that name, creating it if there is none. Features already on it are skipped: a
 * server may store a second entry for them. Errors: those of `ask`, and the signal's reason.
 */
export async function putOnList(
  http: Http,
  name: string,
  features: readonly FeatureId[],
  stop: AbortSignal,
): Promise<FilledList> {
  const own = await findList(http, name);
  const list = own ?? (await makeList(http, name));
  const missing = own ? await notOn(http, own.id, features, stop) : features;
  for (let at = 0; at < missing.length; at += atOnce) {
    stop.throwIfAborted();
    await addToList(http, list, missing.slice(at, at + atOnce), stop);
  }
  return { id: list.id, isNew: !own, added: missing.length };
}

async function findList(http: Http, name: string): Promise<List | undefined> {
  const lists = await ask(http, postJson('/api/list/list'), manyOf(listSchema), 'listing your lists');
  return lists.find((list) => list.name === name);
}

/** Creates a list. Every request creates another, even of the same name, so after a lost answer the list is looked up. */
async function makeList(http: Http, name: string): Promise<List> {
  const request = postJson('/api/list/new', { name });
  let made: List | undefined;
  const answer = await askRest(http, request, async () => {
    made = await findList(http, name);
    return made ? undefined : request;
  });
  return made ?? readOrRefuse(answer as Answer, listSchema, `making the list "${name}"`);
}

async function addToList(http: Http, list: List, features: readonly FeatureId[], stop: AbortSignal): Promise<void> {
  const answer = await askRest(http, addition(list.id, features), async () => {
    const missing = await notOn(http, list.id, features, stop);
    return missing.length === 0 ? undefined : addition(list.id, missing);
  });
  if (answer) readOrRefuse(answer, z.array(z.unknown()), `filling "${list.name}"`);
}

function addition(listId: string, features: readonly FeatureId[]): HttpRequest {
  const featuresToAdd = features.map(({ model, source, index }) => ({
    ...{ modelId: model, layer: source, index },
    description: '',
  }));
  return postJson('/api/list/add-features', { listId, featuresToAdd });
}

/** Returns the features that are not on a list. Only a feature's own page names the lists that it is on. */
async function notOn(
  http: Http,
  listId: string,
  features: readonly FeatureId[],
  stop: AbortSignal,
): Promise<FeatureId[]> {
  const missing: FeatureId[] = [];
  for (const id of features) {
    stop.throwIfAborted();
    const feature = await fetchFeature(http, id);
    if (!feature?.lists?.some((list) => list.id === listId)) missing.push(id);
  }
  return missing;
}
