import { ownerName, PLATFORM_ID } from '../accounts.ts';
import { BUILT_IN_MODELS, type BuiltInModel } from '../models.ts';
import { refuse } from '../refusal.ts';
import type { CustomModel, SourceSet } from '../store/models.ts';
import type { Store } from '../store/store.ts';

/** What the rules need to know about a model. */
export interface ModelShape {
  id: string;
  /** Width of the residual stream; null where it is not recorded. */
  dimension: number | null;
  layers: number;
}

const UNSET = {
  tlensId: null,
  openRouterId: null,
  thinking: false,
  defaultSourceSetName: null,
  defaultSourceId: null,
  defaultGraphSourceSetName: null,
  instruct: false,
};

function builtInRecord(model: BuiltInModel, createdAt: string) {
  const made = { creatorId: PLATFORM_ID, createdAt, updatedAt: createdAt, website: null };
  return { ...UNSET, ...model, ...made, visibility: 'PUBLIC', inferenceEnabled: true };
}

function customRecord({ id, layers, displayName, url, owner, createdAt }: CustomModel) {
  const names = { displayNameShort: displayName, displayName, owner: 'custom', website: url };
  const made = { creatorId: owner, createdAt, updatedAt: createdAt };
  const shape = { dimension: null, layers, neuronsPerLayer: 0 };
  return { ...UNSET, id, ...names, ...made, ...shape, visibility: 'UNLISTED', inferenceEnabled: false };
}

/** A model as the public endpoints show it. */
export type ModelRecord = ReturnType<typeof builtInRecord> | ReturnType<typeof customRecord>;

/** A model by id, built in or made by a user; undefined for an unknown one. */
export function findModel(store: Store, id: string): ModelRecord | undefined {
  const builtIn = BUILT_IN_MODELS.find((model) => model.id === id);
  if (builtIn !== undefined) return builtInRecord(builtIn, store.createdAt);
  const custom = store.models.custom(id);
  return custom === undefined ? undefined : customRecord(custom);
}

/** All models, the built-in ones first. */
export function allModels(store: Store): ModelRecord[] {
  const builtIn = BUILT_IN_MODELS.map((model) => builtInRecord(model, store.createdAt));
  return [...builtIn, ...store.models.allCustom().map(customRecord)];
}

/** The model with this id; refuses with 404 `model_not_found`. */
export function requireModel(store: Store, id: string): ModelRecord {
  const model = findModel(store, id);
  if (model === undefined) refuse(404, 'model_not_found', `no model ${id}`, { path: 'modelId' });
  return model;
}

/** A source set as the public endpoints show it, without its sources. */
export function sourceSetRecord({ modelId, name, owner, description, url, createdAt }: SourceSet) {
  return {
    modelId,
    name,
    hasDashboards: true,
    allowInferenceSearch: false,
    visibility: 'UNLISTED',
    description,
    type: 'Custom',
    creatorName: ownerName(owner),
    urls: url === null ? [] : [url],
    creatorEmail: null,
    creatorId: owner,
    releaseName: null,
    hasGraphs: false,
    graphEnabled: false,
    similarityMatrixEnabled: false,
    defaultOfModelId: null,
    defaultGraphModelId: null,
    defaultRange: 1,
    defaultShowBreaks: true,
    showDfa: false,
    showCorrelated: false,
    showHeadAttribution: false,
    showUmap: false,
    createdAt,
  };
}

/** One source of a set, `{layer}-{set}`, as the public endpoints show it. */
export function sourceRecord(source: { modelId: string; id: string; owner: string; createdAt: string }) {
  const { modelId, id, owner, createdAt } = source;
  return {
    id,
    modelId,
    hasDashboards: true,
    inferenceEnabled: false,
    saelensConfig: null,
    saelensRelease: null,
    saelensSaeId: null,
    hfRepoId: null,
    hfFolderId: null,
    visibility: 'UNLISTED',
    defaultOfModelId: null,
    setName: setNameOf(id),
    creatorId: owner,
    hasUmap: false,
    hasUmapLogSparsity: false,
    hasUmapClusters: false,
    num_prompts: null,
    num_tokens_in_prompt: null,
    dataset: null,
    notes: null,
    cosSimMatchModelId: null,
    cosSimMatchSourceId: null,
    createdAt,
  };
}

/** All sources of a set: one per layer of its model. */
export function sourcesOf(set: SourceSet, layers: number) {
  return Array.from({ length: layers }, (_none, layer) =>
    sourceRecord({ modelId: set.modelId, id: `${layer}-${set.name}`, owner: set.owner, createdAt: set.createdAt }),
  );
}

/** The set's name in a source's id, `6-my-set` → `my-set`. */
export function setNameOf(source: string): string {
  return source.replace(/^\d+-/, '');
}
