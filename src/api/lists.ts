import { z } from 'zod';
import { ask, postJson } from './ask.ts';
import { fetchFeature } from './feature.ts';
import type { FeatureId } from './feature-id.ts';
import type { Http } from './http.ts';
import { manyOf } from './many-of.ts';

const listSchema = z.looseObject({ id: z.string(), name: z.string() });

/** Features added by one request. */
const atOnce = 100;

/** A list of features, and how many were put on it now. */
export interface FilledList {
  readonly id: string;
  readonly isNew: boolean;
  readonly added: number;
}

/**
 * Puts features on the account's list of that name, which is made where there is none. What is on it already is left
 * alone: a server may count a second time as a second entry. Errors: those of asking.
 */
export async function putOnList(http: Http, name: string, features: readonly FeatureId[]): Promise<FilledList> {
  const lists = await ask(http, postJson('/api/list/list'), manyOf(listSchema), 'listing your lists');
  const own = lists.find((list) => list.name === name);
  const list = own ?? (await ask(http, postJson('/api/list/new', { name }), listSchema, `making the list "${name}"`));
  const missing = own ? await notOn(http, own.id, features) : features;
  for (let at = 0; at < missing.length; at += atOnce) {
    const featuresToAdd = missing.slice(at, at + atOnce).map(({ model, source, index }) => ({
      ...{ modelId: model, layer: source, index },
      description: '',
    }));
    await ask(
      http,
      postJson('/api/list/add-features', { listId: list.id, featuresToAdd }),
      z.unknown(),
      `filling "${name}"`,
    );
  }
  return { id: list.id, isNew: !own, added: missing.length };
}

/** A feature's own page is the one place that names the lists it is on. */
async function notOn(http: Http, listId: string, features: readonly FeatureId[]): Promise<FeatureId[]> {
  const missing: FeatureId[] = [];
  for (const id of features) {
    const feature = await fetchFeature(http, id.model, id.source, id.index);
    if (!feature?.lists?.some((list) => list.id === listId)) missing.push(id);
  }
  return missing;
}
