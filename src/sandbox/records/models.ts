import { PLATFORM_ID } from '../accounts.ts';
import { BUILT_IN_MODELS, type BuiltInModel } from '../models.ts';
import type { CustomModel, SourceSet } from '../store/models.ts';
import type { Store } from '../store/store.ts';
import { textProblem } from '../text.ts';

interface ModelParts {
  id: string;
  displayNameShort: string;
  displayName: string;
  creatorId: string;
  dimension: number | null;
  visibility: 'PUBLIC' | 'UNLISTED';
  inferenceEnabled: boolean;
  layers: number;
  neuronsPerLayer: number;
  createdAt: string;
  owner: string;
  website: string | null;
}

/** A model as the public endpoints show it, with its keys in the same order. */
export type ModelRecord = ReturnType<typeof modelRecord>;

function modelRecord(model: ModelParts) {
  return {
    id: model.id,
    displayNameShort: model.displayNameShort,
    displayName: model.displayName,
    creatorId: model.creatorId,
    tlensId: null,
    openRouterId: null,
    dimension: model.dimension,
    thinking: false,
    visibility: model.visibility,
    defaultSourceSetName: null,
    defaultSourceId: null,
    defaultGraphSourceSetName: null,
    inferenceEnabled: model.inferenceEnabled,
    instruct: false,
    layers: model.layers,
    neuronsPerLayer: model.neuronsPerLayer,
    createdAt: model.createdAt,
    owner: model.owner,
    updatedAt: model.createdAt,
    website: model.website,
  };
}

function builtInRecord(model: BuiltInModel, createdAt: string): ModelRecord {
  const platform = { creatorId: PLATFORM_ID, visibility: 'PUBLIC', inferenceEnabled: true, website: null } as const;
  return modelRecord({ ...model, ...platform, createdAt });
}

function customRecord({ id, layers, displayName, url, owner, createdAt }: CustomModel): ModelRecord {
  const names = { displayNameShort: displayName, displayName, owner: 'custom', website: url };
  const shape = { dimension: null, layers, neuronsPerLayer: 0 };
  const access = { visibility: 'UNLISTED', inferenceEnabled: false } as const;
  return modelRecord({ id, ...names, ...shape, ...access, creatorId: owner, createdAt });
}

/** Finds a model by id, built in or made by a user; undefined if it is unknown. */
export function findModel(store: Store, id: string, builtIn = BUILT_IN_MODELS): ModelRecord | undefined {
  const known = builtIn.find((model) => model.id === id);
  if (known !== undefined) return builtInRecord(known, store.createdAt);
  const custom = textProblem(id) === undefined ? store.models.custom(id) : undefined;
  return custom === undefined ? undefined : customRecord(custom);
}

/** Returns all models, with those that users made last. */
export function allModels(store: Store, builtIn = BUILT_IN_MODELS): ModelRecord[] {
  return [
    ...builtIn.map((model) => builtInRecord(model, store.createdAt)),
    ...store.models.allCustom().map(customRecord),
  ];
}

/** Returns a source set as the public endpoints show it, without its sources. */
export function sourceSetRecord(set: SourceSet, creatorName: string) {
  const { modelId, name, owner, description, url, createdAt } = set;
  return {
    modelId,
    name,
    hasDashboards: true,
    allowInferenceSearch: false,
    visibility: 'UNLISTED',
    description,
    type: 'Custom',
    creatorName,
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

/** Returns one source of a set, `{layer}-{set}`, as the public endpoints show it. */
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

/** Returns all sources of a set: one per layer of its model. */
export function sourcesOf(set: SourceSet, layers: number) {
  return Array.from({ length: layers }, (_none, layer) =>
    sourceRecord({ modelId: set.modelId, id: `${layer}-${set.name}`, owner: set.owner, createdAt: set.createdAt }),
  );
}

/** Returns the set's name in a source's id: `6-my-set` → `my-set`. The public kind also has layers like -1 and 1.5. */
export function setNameOf(source: string): string {
  return source.replace(/^-?[\d.]+-/, '');
}
