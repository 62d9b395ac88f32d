import { PLATFORM_ID } from '../accounts.ts';
import { findModel, type ModelRecord, setNameOf, sourceRecord, sourceSetRecord, sourcesOf } from '../records/models.ts';
import type { SourceSet } from '../store/models.ts';
import type { VectorSource } from '../store/sources.ts';
import type { Store } from '../store/store.ts';
import { isStorable } from './request.ts';
import type { World } from './world.ts';

/** A source as a feature read shows it. */
export type SourceRecord = ReturnType<typeof sourceRecord>;

/** A source set with all its sources. */
export interface SetWithSources {
  record: ReturnType<typeof sourceSetRecord>;
  sources: SourceRecord[];
}

/** Returns a user's source set as the endpoints show it. */
export function userSetRecord(set: SourceSet, { nameOf }: World) {
  return sourceSetRecord(set, nameOf(set.owner));
}

function vectorSourceRecord({ modelId, source, createdAt }: VectorSource): SourceRecord {
  return sourceRecord({ modelId, id: source, owner: PLATFORM_ID, createdAt });
}

/** Makes a set that holds vectors. It belongs to the platform; "model/list" shows it beside the users' sets. */
function vectorSet(sources: readonly VectorSource[], { nameOf }: World): SetWithSources {
  const [first] = sources as [VectorSource];
  const { modelId, setName: name, createdAt } = first;
  const set = { modelId, name, owner: PLATFORM_ID, description: 'Default', url: null, createdAt };
  const record = { ...sourceSetRecord(set, nameOf(PLATFORM_ID)), allowInferenceSearch: true, type: '' };
  return { record, sources: sources.map(vectorSourceRecord) };
}

/** Returns all source sets of a model, sorted by name. */
export function setsOf(store: Store, world: World, model: ModelRecord): SetWithSources[] {
  const users = store.models.sourceSets(model.id).map((set) => {
    return { record: userSetRecord(set, world), sources: sourcesOf(set, model.layers) };
  });
  const all = store.sources.all(model.id);
  const names = [...new Set(all.map(({ setName }) => setName))];
  const vectors = names.map((name) =>
    vectorSet(
      all.filter(({ setName }) => setName === name),
      world,
    ),
  );
  return [...users, ...vectors].sort((a, b) => (a.record.name < b.record.name ? -1 : 1));
}

/** A source and the user's set that it is in. `set` is undefined for sources of vectors: reads show none ("a vector"). */
export interface FoundSource {
  source: SourceRecord;
  set: SourceSet | undefined;
}

/** Finds a model's source by id, like `6-my-set`; undefined if model, set or layer does not exist. */
export function findSource(store: Store, world: World, modelId: string, id: string): FoundSource | undefined {
  if (!isStorable(modelId) || !isStorable(id)) return undefined;
  const vectors = store.sources.find(modelId, id);
  if (vectors !== undefined) return { source: vectorSourceRecord(vectors), set: undefined };
  const set = store.models.sourceSet(modelId, setNameOf(id));
  const model = findModel(store, modelId, world.models);
  const [, layer] = /^(0|[1-9]\d*)-/.exec(id) ?? [];
  if (set === undefined || model === undefined || layer === undefined) return undefined;
  if (Number(layer) >= model.layers) return undefined;
  return { source: sourceRecord({ modelId, id, owner: set.owner, createdAt: set.createdAt }), set };
}
