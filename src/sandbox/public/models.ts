import { answer } from '../answer.ts';
import { allModels, findModel, type ModelRecord } from '../records/models.ts';
import type { Call } from '../route.ts';
import { type SourceRecord, setsOf } from './catalog.ts';
import { refuseError, refuseOpaquely } from './refusals.ts';
import { isStorable, readAs, requireUser } from './request.ts';
import { anyText, object, optional, refuseShape, type Shape, text } from './shape.ts';
import type { Handler, World } from './world.ts';

const wanted = object({ id: text() });

const MODEL_ID = /^(?!.*--)[a-z](?:[a-z0-9.-]*[a-z0-9])?$/;

const modelId: Shape<string> = (value, path) => {
  const id = text()(value, path);
  if (MODEL_ID.test(id)) return id;
  const rule =
    'Name must contain only lowercase letters, digits, hyphens, and periods, start with a lowercase letter, ' +
    'not end with a hyphen or period, and not contain double hyphens';
  refuseShape(path, '', rule);
};

const layers: Shape<number> = (value, path) => {
  const count = Number(value);
  if (Number.isInteger(count) && count > 0 && count < 128) return count;
  refuseShape(path, '', 'Layers must be an integer less than 128');
};

/** An http or https address. */
export const webAddress: Shape<string> = (value, path) => {
  const url = String(value);
  if (URL.canParse(url) && /^https?:/.test(url)) return url;
  refuseShape(path, '', 'Must be a valid URL');
};

const newModel = object({
  id: modelId,
  layers,
  displayName: optional(anyText, { otherwise: '' }),
  url: optional(webAddress, { otherwise: null }),
});

/** Returns a source as model reads show it, with fewer keys in another order: "model/list". */
function briefSource(source: SourceRecord) {
  const { id, modelId, visibility, setName, hasUmap, hasUmapLogSparsity, hasUmapClusters } = source;
  const { num_prompts, num_tokens_in_prompt, dataset, inferenceEnabled, hasDashboards, notes, createdAt } = source;
  const { cosSimMatchSourceId, cosSimMatchModelId } = source;
  return {
    ...{ id, modelId, visibility, setName, hasUmap, hasUmapLogSparsity, hasUmapClusters },
    ...{ num_prompts, num_tokens_in_prompt, dataset, inferenceEnabled, hasDashboards, notes, createdAt },
    ...{ cosSimMatchSourceId, cosSimMatchModelId },
  };
}

function withSourceSets({ store }: Call, world: World, model: ModelRecord) {
  const sets = setsOf(store, world, model);
  return {
    ...model,
    sourceSets: sets.map(({ record, sources }) => ({ ...record, sources: sources.map(briefSource) })),
  };
}

/** `POST /api/model/get {"id"}`: needs no API key. A body without `id` is a 500; "missing" is `null`. */
export const getModel: Handler = (call, world) => {
  const { id } = readAs(call, wanted, refuseOpaquely);
  const model = findModel(call.store, id, world.models);
  return answer(model === undefined ? null : withSourceSets(call, world, model));
};

/** `POST /api/model/list`: "model/list"; needs no API key. */
export const listModels: Handler = (call, world) =>
  answer(allModels(call.store, world.models).map((model) => withSourceSets(call, world, model)));

/** `POST /api/model/new`: makes a model without a width, hence "vector into it: dimension is null, so never". */
export const createModel: Handler = (call, world) => {
  const { store, now } = call;
  const { id: owner } = requireUser(call);
  const given = readAs(call, newModel, ({ message, path }) => refuseError(400, message, path));
  const displayName = given.displayName || given.id;
  if (!isStorable(displayName)) refuseOpaquely();
  return store.write(() => {
    if (findModel(store, given.id, world.models) !== undefined) refuseError(400, 'Model already exists');
    const createdAt = now.toISOString();
    store.models.add({ id: given.id, layers: given.layers, displayName, url: given.url, owner, createdAt });
    return answer(findModel(store, given.id, world.models));
  });
};
