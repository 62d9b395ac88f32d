import * as z from '../../schema.ts';
import { ownerName } from '../accounts.ts';
import { type Answer, answer } from '../answer.ts';
import { allModels, findModel, type ModelRecord, sourceSetRecord, sourcesOf } from '../records/models.ts';
import type { Call } from '../route.ts';
import { numeric, parseAs, text, webAddress } from './parse.ts';
import { refuse } from './refusal.ts';
import { readJson, requireUploader } from './request.ts';

const wanted = z.object({ id: text });

const MODEL_ID = /^(?=.{2,32}$)(?!.*--)[a-z][a-z0-9.-]*[a-z0-9]$/;

const newModel = z.object({
  id: z.string().check(
    z.regex(MODEL_ID, {
      error:
        'must be 2 to 32 lowercase letters, digits, hyphens and periods, start with a letter, not end with a hyphen or period, and not contain double hyphens',
    }),
  ),
  layers: numeric(z.int().check(z.gte(1), z.lte(127))),
  displayName: z.nullish(text),
  url: z.nullish(webAddress),
});

function withSourceSets({ store }: Call, model: ModelRecord) {
  const sets = store.models.sourceSets(model.id);
  return {
    ...model,
    sourceSets: sets.map((set) => ({
      ...sourceSetRecord(set, ownerName(set.owner)),
      sources: sourcesOf(set, model.layers),
    })),
  };
}

/** `POST /api/model/get {"id"}`: the model, or `null` as on the public server. */
export function getModel(call: Call): Answer {
  const model = findModel(call.store, parseAs(wanted, readJson(call)).id);
  return answer(model === undefined ? null : withSourceSets(call, model));
}

/** `POST /api/model/list`: all models with their source sets. */
export function listModels(call: Call): Answer {
  return answer(allModels(call.store).map((model) => withSourceSets(call, model)));
}

/** `POST /api/model/new`: makes a model of the user, without a width. */
export function createModel(call: Call): Answer {
  const { store, now } = call;
  const account = requireUploader(call);
  const { id, layers, displayName, url } = parseAs(newModel, readJson(call));
  return store.write(() => {
    if (findModel(store, id) !== undefined) refuse(400, 'model_exists', 'Model already exists', { path: 'id' });
    const createdAt = now.toISOString();
    store.models.add({ id, layers, displayName: displayName ?? id, url: url ?? null, owner: account.id, createdAt });
    return answer(findModel(store, id));
  });
}
