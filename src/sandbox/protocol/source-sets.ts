import * as z from '../../schema.ts';
import { type Account, ownerName } from '../accounts.ts';
import { type Answer, answer } from '../answer.ts';
import { findModel, type ModelRecord, sourceSetRecord, sourcesOf } from '../records/models.ts';
import type { Call } from '../route.ts';
import type { Store } from '../store/store.ts';
import { parseAs, text, webAddress } from './parse.ts';
import { refuse, refuseField } from './refusal.ts';
import { readJson, requireUploader } from './request.ts';
import { requireModel } from './require-model.ts';

// `neurons` is reserved on the public server too. The other two are the sets of all users' vectors.
const RESERVED = ['neurons', 'neuronpedia-resid-post', 'neuronpedia-resid-pre'];

const newSourceSet = z.object({
  name: z.string().check(
    z.regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, {
      error:
        'must contain only lowercase letters, digits and single hyphens, start with a letter, not end with a hyphen',
    }),
    z.refine((name) => !RESERVED.includes(name), 'is reserved'),
  ),
  modelId: text,
  description: z.nullish(z.string()),
  url: z.nullish(webAddress),
});

/** `POST /api/source-set/new`: makes a set with one source per layer. As on the public server, it answers `sources: []`. */
export function createSourceSet(call: Call): Answer {
  const { store, now } = call;
  const account = requireUploader(call);
  const { name, modelId: givenId, description, url } = parseAs(newSourceSet, readJson(call));
  return store.write(() => {
    const model = requireModel(store, givenId.toLowerCase());
    if (store.models.sourceSet(model.id, name) !== undefined) {
      refuse(400, 'source_set_exists', 'Source set name already exists for this model.', { path: 'name' });
    }
    const said = { description: description ?? '', url: url ?? null };
    const set = { modelId: model.id, name, owner: account.id, ...said, createdAt: now.toISOString() };
    store.models.addSourceSet(set);
    return answer({ ...sourceSetRecord(set, account.name), sources: [], releases: null, model });
  });
}

/** `GET /api/source-set/{model}/{name}`: the set, or `null`. Only its owner sees its sources, as on the public server. */
export function getSourceSet({ store, account, params: [modelId = '', name = ''] }: Call): Answer {
  const set = store.models.sourceSet(modelId, name);
  const model = findModel(store, modelId);
  if (set === undefined || model === undefined) return answer(null);
  const sources = account?.id === set.owner ? sourcesOf(set, model.layers) : [];
  return answer({ ...sourceSetRecord(set, ownerName(set.owner)), sources, releases: null, model });
}

/** Returns the model of `{layer}-{set}`; refuses if model, set or layer does not exist, or the set is another user's. */
export function requireOwnSource(store: Store, account: Account, modelId: string, source: string): ModelRecord {
  const [, layer, name] = /^(0|[1-9]\d{0,2})-(.+)$/.exec(source) ?? [];
  if (layer === undefined || name === undefined) refuseField('source', 'must be {layer}-{source set}');
  const model = requireModel(store, modelId);
  const set = store.models.sourceSet(modelId, name);
  if (set === undefined) {
    refuse(404, 'source_set_not_found', `${modelId} has no source set ${name}; create it first`, { path: 'source' });
  }
  if (set.owner !== account.id)
    refuse(409, 'not_owner', `source set ${name} belongs to another user`, { path: 'source' });
  if (Number(layer) >= model.layers) refuseField('source', `layer must be 0 to ${model.layers - 1} for ${modelId}`);
  return model;
}
