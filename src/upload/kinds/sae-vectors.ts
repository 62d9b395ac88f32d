import { AppError } from '../../errors.ts';
import { countRows, eachRow } from '../../tensor/ranges.ts';
import { type Attributes, attributeFields, notStored } from '../attributes.ts';
import type { Place } from '../destination.ts';
import type { ModelRecord, Server, VectorDestination } from '../server.ts';
import { hashRows } from './row-hashes.ts';
import type { PlacedSae, Way } from './sae.ts';

/** Features uploaded as steering vectors: each row a vector of its own, under a name made from a template. */
export interface VectorsOptions {
  /** `{sae-id}`, `{layer}` and `{index}` are filled in; must come out different for each row. */
  readonly label?: string;
  readonly attributes?: Attributes;
  /** More than a thousand at once is meant. */
  readonly yes?: boolean;
}

/** A vector a row is a request a row: more than this is rarely meant. */
const manyVectors = 1000;
const defaultLabel = '{sae-id} L{layer} #{index}';
const defaultStrength = 10;

/**
 * Rows as steering vectors, each named by a template.
 * Errors: cannot_be_stored (hook, model without a width), usage (labels not unique, too many).
 */
export async function vectorsWay(placed: PlacedSae, server: Server, options: VectorsOptions): Promise<Way> {
  const { matrix, wanted: planned, place, model } = placed;
  const total = countRows(planned);
  if (total > manyVectors && !options.yes) {
    throw new AppError('usage', `${total} steering vectors are ${total} requests`, {
      hints: ['choose some with --features, upload them as features, or add --yes if they are all meant'],
    });
  }
  refuseWithoutWidth(model, server);
  const hookType = hookTypeOf(place);
  const template = options.label ?? defaultLabel;
  const label = labelMaker(template, place);
  if (new Set(Array.from(eachRow(planned), label)).size < total) {
    throw new AppError('usage', `--label "${template}" gives several vectors the same name`, {
      hints: ['put {index} into it'],
    });
  }
  const hashes = await hashRows(matrix, planned);
  const { attributes = {} } = options;
  const destination = { modelId: model.id, layer: place.layer.value, hookType, strength: defaultStrength };
  const about = vectorFields({ kind: 'vector' }, attributes, server);
  const delivery = server.vectors({
    ...destination,
    fields: JSON.stringify(about).slice(1, -1),
    marks: {},
    label,
    hashes,
  });
  const fields = JSON.stringify({ ...destination, label: template, ...about });
  const dropped = notStored(attributes, server.capabilities);
  return { as: 'vectors', delivery, planned, isNewSet: false, notStored: dropped, dashboards: undefined, fields };
}

/** What is sent with a vector besides its values and place, where the server keeps it. */
export function vectorFields(
  own: Readonly<Record<string, unknown>>,
  attributes: Attributes,
  { capabilities }: Server,
): Record<string, unknown> {
  return capabilities.storesAttributes ? { ...own, ...attributeFields(attributes, capabilities) } : {};
}

function labelMaker(template: string, { saeId, layer }: Place): (row: number) => string {
  const fixed = template.replaceAll('{sae-id}', saeId).replaceAll('{layer}', String(layer.value));
  return (row) => fixed.replaceAll('{index}', String(row));
}

/** A server that goes by its own record of the width refuses every vector for a model without one. */
export function refuseWithoutWidth(model: ModelRecord, server: Server): void {
  if (model.dimension !== null || server.capabilities.storesVectors) return;
  throw new AppError(
    'cannot_be_stored',
    `${server.name}: has no width on record for ${model.id}, and then takes no vectors for it`,
    {
      hints: ['models made with --create-model have none there; ask the server’s people to record it'],
    },
  );
}

function hookTypeOf({ hook }: Place): VectorDestination['hookType'] {
  const point = /\.hook_resid_(pre|post)$/.exec(hook?.value ?? '')?.[1];
  if (point === 'pre' || point === 'post') return `hook_resid_${point}`;
  throw new AppError(
    'cannot_be_stored',
    `steering vectors live at resid-pre or resid-post; these are at ${hook?.value ?? 'a hook that is not given'}`,
    {
      hints: ['say it with --hook if it is one of these; directions at other hooks can only be uploaded as features'],
    },
  );
}
