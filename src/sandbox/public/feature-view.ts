import { activationView, explanationView } from '../records/examples.ts';
import { listRecord } from '../records/lists.ts';
import { findModel } from '../records/models.ts';
import type { Call } from '../route.ts';
import type { Activation } from '../store/examples.ts';
import type { FeatureRow } from '../store/features.ts';
import { findSource, userSetRecord } from './catalog.ts';
import type { World } from './world.ts';

interface Logit {
  token: string;
  value: number;
}

/** Data of a public row that has no column of its own. */
export interface PublicDetails extends Record<string, unknown> {
  density: number;
  topLogits: Logit[];
  bottomLogits: Logit[];
}

// Keys that no upload fills, grouped by the key that they follow.
const NONE_AFTER_HOOK = [
  ...['topkCosSimIndices', 'topkCosSimValues', 'neuron_alignment_indices', 'neuron_alignment_values'],
  ...['neuron_alignment_l1', 'correlated_neurons_indices', 'correlated_neurons_pearson', 'correlated_neurons_l1'],
  ...['correlated_features_indices', 'correlated_features_pearson', 'correlated_features_l1'],
];
const NONE_AFTER_DENSITY = [
  ...['freq_hist_data_bar_heights', 'freq_hist_data_bar_values', 'logits_hist_data_bar_heights'],
  ...['logits_hist_data_bar_values', 'decoder_weights_dist'],
];

const none = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, []]));

function logitsOf({ details }: FeatureRow) {
  const { density, topLogits, bottomLogits } = JSON.parse(details) as Partial<PublicDetails>;
  return {
    neg_str: (bottomLogits ?? []).map(({ token }) => token),
    neg_values: (bottomLogits ?? []).map(({ value }) => value),
    pos_str: (topLogits ?? []).map(({ token }) => token),
    pos_values: (topLogits ?? []).map(({ value }) => value),
    frac_nonzero: density ?? 0,
  };
}

function columnsOf({ store }: Pick<Call, 'store'>, row: FeatureRow, sourceSetName: string | null) {
  return {
    modelId: row.modelId,
    layer: row.source,
    index: String(row.index),
    sourceSetName,
    creatorId: row.owner,
    createdAt: row.createdAt,
    maxActApprox: row.maxActivation,
    hasVector: row.width !== null,
    vector: row.width === null ? [] : store.features.vector(row.id),
    vectorLabel: row.label,
    vectorDefaultSteerStrength: row.strength,
    hookName: row.hookName,
    ...none(NONE_AFTER_HOOK),
    ...logitsOf(row),
    ...none(NONE_AFTER_DENSITY),
    ...{ umap_cluster: null, umap_log_feature_sparsity: null, umap_x: null, umap_y: null },
  };
}

function activationsOf(call: Call, world: World, row: FeatureRow, shown: (activation: Activation) => boolean) {
  const all = call.store.examples.activations(row.id, Number.MAX_SAFE_INTEGER).filter(shown);
  return all.map((each) => activationView(row, each, world.nameOf(row.owner)));
}

function explanationsOf({ store }: Call, row: FeatureRow) {
  return store.examples.explanations(row.id).map((each) => explanationView(row, each, store.scores.of(each.id)));
}

const ofBatch = ({ creator }: Activation) => creator === null;

/**
 * Returns everything about one row: "present (no key needed)", "a vector". Activations that were added to the row later are
 * shown for a vector, but not for an uploaded feature.
 */
export function featureView(call: Call, world: World, row: FeatureRow) {
  const { store } = call;
  const found = findSource(store, world, row.modelId, row.source);
  const set = found?.set;
  return {
    ...columnsOf(call, row, set?.name ?? null),
    model: findModel(store, row.modelId, world.models) ?? null,
    lists: store.lists.holding(row.id).map((list) => listRecord(list, world.nameOf(list.owner))),
    creator: { name: world.nameOf(row.owner) },
    source: found?.source ?? null,
    sourceSet: set === undefined ? null : userSetRecord(set, world),
    comments: [],
    activations: activationsOf(call, world, row, row.width === null ? ofBatch : () => true),
    explanations: explanationsOf(call, row),
  };
}

/** Returns one row of many: "several features at once", and "a vector (its own activations are not returned)". */
export function briefFeatureView(call: Call, world: World, row: FeatureRow, mostActivations: number) {
  const set = findSource(call.store, world, row.modelId, row.source)?.set;
  return {
    ...columnsOf(call, row, set?.name ?? null),
    explanations: explanationsOf(call, row),
    activations: activationsOf(call, world, row, ofBatch).slice(0, mostActivations),
  };
}
