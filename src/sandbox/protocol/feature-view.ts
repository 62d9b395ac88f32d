import { ownerName, PLATFORM_ID } from '../accounts.ts';
import { activationView, explanationView } from '../records/examples.ts';
import { listRecord } from '../records/lists.ts';
import { findModel, setNameOf, sourceRecord, sourceSetRecord } from '../records/models.ts';
import type { Call } from '../route.ts';
import type { FeatureRow } from '../store/features.ts';
import type { Store } from '../store/store.ts';

/** What the values of a view are computed from. `details` is parsed when a value first asks for it. */
interface Viewed {
  store: Store;
  row: FeatureRow;
  mostActivations: number;
  details(): Record<string, unknown>;
}

interface Logit {
  token: string;
  value: number;
}

const always = (value: unknown) => () => value;
const none = always([]);
const unknown = always(null);
const detail = (name: string) => (viewed: Viewed) => viewed.details()[name] ?? null;
const logits = (name: string, part: keyof Logit) => (viewed: Viewed) =>
  ((viewed.details()[name] ?? []) as Logit[]).map((logit) => logit[part]);

function sourceSetOf({ store, row }: Viewed) {
  return store.models.sourceSet(row.modelId, setNameOf(row.source));
}

function sourceOf(viewed: Viewed) {
  const { modelId, source: id, createdAt } = viewed.row;
  const set = sourceSetOf(viewed);
  return sourceRecord({ modelId, id, owner: set?.owner ?? PLATFORM_ID, createdAt: set?.createdAt ?? createdAt });
}

// The keys of a feature read, in the public server's order, followed by those that the upload protocol adds.
// Each computes only its own value, so that a read of few fields touches few tables.
const FIELDS = {
  modelId: ({ row }: Viewed) => row.modelId,
  layer: ({ row }: Viewed) => row.source,
  index: ({ row }: Viewed) => String(row.index),
  sourceSetName: (viewed: Viewed) => sourceSetOf(viewed)?.name ?? null,
  creatorId: ({ row }: Viewed) => row.owner,
  createdAt: ({ row }: Viewed) => row.createdAt,
  maxActApprox: ({ row }: Viewed) => row.maxActivation,
  hasVector: ({ row }: Viewed) => row.width !== null,
  vector: ({ store, row }: Viewed) => (row.width === null ? [] : store.features.vector(row.id)),
  vectorLabel: ({ row }: Viewed) => row.label,
  vectorDefaultSteerStrength: ({ row }: Viewed) => row.strength,
  hookName: ({ row }: Viewed) => row.hookName,
  topkCosSimIndices: none,
  topkCosSimValues: none,
  neuron_alignment_indices: none,
  neuron_alignment_values: none,
  neuron_alignment_l1: none,
  correlated_neurons_indices: none,
  correlated_neurons_pearson: none,
  correlated_neurons_l1: none,
  correlated_features_indices: none,
  correlated_features_pearson: none,
  correlated_features_l1: none,
  neg_str: logits('bottomLogits', 'token'),
  neg_values: logits('bottomLogits', 'value'),
  pos_str: logits('topLogits', 'token'),
  pos_values: logits('topLogits', 'value'),
  frac_nonzero: (viewed: Viewed) => viewed.details().density ?? -1,
  freq_hist_data_bar_heights: none,
  freq_hist_data_bar_values: none,
  logits_hist_data_bar_heights: none,
  logits_hist_data_bar_values: none,
  decoder_weights_dist: none,
  umap_cluster: unknown,
  umap_log_feature_sparsity: unknown,
  umap_x: unknown,
  umap_y: unknown,
  model: ({ store, row }: Viewed) => findModel(store, row.modelId) ?? null,
  lists: ({ store, row }: Viewed) => store.lists.holding(row.id).map((list) => listRecord(list, ownerName(list.owner))),
  creator: ({ row }: Viewed) => ({ name: ownerName(row.owner) }),
  source: sourceOf,
  sourceSet: (viewed: Viewed) => {
    const set = sourceSetOf(viewed);
    return set === undefined ? null : sourceSetRecord(set, ownerName(set.owner));
  },
  comments: none,
  activations: ({ store, row, mostActivations }: Viewed) =>
    store.examples.activations(row.id, mostActivations).map((each) => activationView(row, each, ownerName(row.owner))),
  explanations: ({ store, row }: Viewed) =>
    store.examples.explanations(row.id).map((each) => explanationView(row, each, store.scores.of(each.id))),
  vectorHash: ({ row }: Viewed) => row.vectorHash,
  kind: ({ row }: Viewed) => row.kind,
  visibility: ({ row }: Viewed) => row.visibility,
  name: detail('name'),
  description: detail('description'),
  metadata: detail('metadata'),
  concept: detail('concept'),
  bias: detail('bias'),
  hookNameIn: detail('hookNameIn'),
  license: detail('license'),
  tags: detail('tags'),
  paperUrl: detail('paperUrl'),
  sourceDescription: detail('sourceDescription'),
  sourceMetadata: detail('sourceMetadata'),
};

/** A top-level key of a feature read. */
export type FieldName = keyof typeof FIELDS;

/** Whether a feature read has this key. */
export function isField(name: string): name is FieldName {
  return Object.hasOwn(FIELDS, name);
}

/** The keys of `GET /api/feature/…`. */
export const ALL_FIELDS = Object.keys(FIELDS) as FieldName[];

const ONLY_SINGLE: readonly FieldName[] = ['model', 'lists', 'creator', 'source', 'sourceSet', 'comments'];

/** The keys of `POST /api/features` if the request names none. */
export const LIST_FIELDS: readonly FieldName[] = ALL_FIELDS.filter((name) => !ONLY_SINGLE.includes(name));

/** The keys of a vector in `vector/get` and `vector/list-owned`. */
export const VECTOR_FIELDS = [
  ...(['modelId', 'layer', 'index', 'vectorLabel', 'createdAt', 'creatorId', 'vectorDefaultSteerStrength'] as const),
  ...(['hookName', 'vector', 'vectorHash', 'kind', 'concept', 'bias', 'description', 'tags', 'license'] as const),
  ...(['visibility', 'paperUrl', 'metadata'] as const),
] satisfies FieldName[];

function detailsOf({ details, common }: FeatureRow): () => Record<string, unknown> {
  let parsed: Record<string, unknown> | undefined;
  return () => {
    parsed ??= { ...JSON.parse(common ?? '{}'), ...JSON.parse(details) } as Record<string, unknown>;
    return parsed;
  };
}

/** Returns the wanted keys of a stored row, with at most `mostActivations` of its activations. */
export function viewOf<Name extends FieldName>(
  { store }: Pick<Call, 'store'>,
  row: FeatureRow,
  fields: readonly Name[],
  mostActivations: number = Number.MAX_SAFE_INTEGER,
): Record<Name, unknown> {
  const viewed = { store, row, mostActivations, details: detailsOf(row) };
  return Object.fromEntries(fields.map((name) => [name, FIELDS[name](viewed)])) as Record<Name, unknown>;
}
