import { count } from '../../count.ts';
import { jsonBound } from '../../dashboards/json-bound.ts';
import { AppError } from '../../errors.ts';
import type { FeatureData } from '../../feature-data/feature-data.ts';
import { isAttentionZ, residualSide } from '../../layouts/hook.ts';
import { countRows, eachRow } from '../../tensor/ranges.ts';
import { type Attributes, attributeFields, notStored } from '../attributes.ts';
import type { Place } from '../destination.ts';
import type { ModelRecord, Server, VectorDestination } from '../server.ts';
import { defaultStrength } from '../strength.ts';
import { vectorSource } from '../vector-source.ts';
import { digests } from './feature-format.ts';
import type { PlacedSae, Way } from './prepared-sae.ts';
import { hashRows } from './row-hashes.ts';

/** Features uploaded as steering vectors: each row a vector of its own, under a name made from a template. */
export interface VectorsOptions {
  /** Template in which `{sae-id}`, `{layer}`, `{index}` and `{name}` are filled in; must give each row a different name. */
  readonly label?: string;
  readonly attributes?: Attributes;
  /** Confirms that more than a thousand vectors at once are meant. */
  readonly yes?: boolean;
}

/** Each row becomes a vector and takes a request of its own: more than this many are rarely meant. */
const manyVectors = 1000;
const defaultLabel = '{sae-id} L{layer} #{index}';

/**
 * Prepares rows as steering vectors, each named by a template. Errors: cannot_be_stored (hook, model without a width),
 * usage (bad template, labels not unique, too many), option_missing and record_invalid (names).
 */
export async function vectorsWay(placed: PlacedSae, server: Server, options: VectorsOptions): Promise<Way> {
  const { matrix, wanted: planned, place, model, indices, facts } = placed;
  const total = countRows(planned);
  if (total > manyVectors && !options.yes) {
    throw new AppError('usage', `${count(total)} steering vectors take ${count(total)} requests, one each`, {
      hints: ['choose some with --features, upload them as features, or add --yes if they are all meant'],
    });
  }
  refuseWithoutWidth(model, server);
  const hookType = hookTypeOf(place);
  const template = options.label ?? defaultLabel;
  const label = await labelMaker(template, placed);
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
    marks: server.capabilities.storesAttributes ? { visibility: attributes.visibility ?? 'public' } : {},
    label,
    hashes,
    ...(indices.hash !== undefined && { indexOf: indices.indexOf }),
    ...vectorTexts(about, facts?.data),
  });
  const bound = digests({ indices, dashboards: undefined, data: facts?.data });
  const fields = JSON.stringify({ ...destination, label: template, ...about, ...bound });
  const dropped = notStored(attributes, server.capabilities);
  const none = { quarantined: new Map(), isNewSet: false, dashboards: undefined };
  const source = vectorSource(place.layer.value, hookType);
  return { as: 'vectors', source, delivery, planned, notStored: dropped, fields, ...none };
}

/** The fields sent with a vector besides its values and place, if the server keeps them. */
export function vectorFields(
  own: Readonly<Record<string, unknown>>,
  attributes: Attributes,
  { capabilities }: Server,
): Record<string, unknown> {
  return capabilities.storesAttributes ? { ...own, ...attributeFields(attributes, capabilities) } : {};
}

/** What a template may hold in braces. */
const templateFields = ['{sae-id}', '{layer}', '{index}', '{name}'];

/** What was probably meant as one of these; any other braces are part of the name. */
const nearField = /\{\s*(sae[-_ ]?id|layer|index|idx|name|row|feature|model|head)\s*\}/gi;

/** Checks the template for names of vectors. Error: usage if features are uploaded, and for an unknown field. */
export function checkLabel({ label: template, as }: { label?: string | undefined; as?: string | undefined }): void {
  if (template === undefined) return;
  if (as !== 'vectors') {
    throw new AppError('usage', '--label names vectors, and these are features', {
      hints: ['add --as vectors to upload each row as a vector; names of features come with --feature-metadata'],
    });
  }
  const unknown = template.match(nearField)?.find((field) => !templateFields.includes(field));
  if (unknown === undefined) return;
  throw new AppError('usage', `--label "${template}": ${unknown} is not a field that it can contain`, {
    hints: [`it can contain ${templateFields.join(', ')}`],
  });
}

/** Returns what names each row. Errors: option_missing if there are no names at all, record_invalid if a row has none. */
async function labelMaker(template: string, placed: PlacedSae): Promise<(row: number) => string> {
  const { place, indices, wanted, facts, sae } = placed;
  const fixed = template.replaceAll('{sae-id}', place.saeId).replaceAll('{layer}', String(place.layer.value));
  const numbered = (row: number) => fixed.replaceAll('{index}', String(indices.indexOf(row)));
  if (!fixed.includes('{name}')) return numbered;
  if (!facts?.data.fields.includes('name')) {
    throw new AppError(
      'option_missing',
      `${sae.path}: --label "${template}" needs names, but no file gives the features names`,
      {
        hints: ['add --feature-metadata FILE with a "name" of each feature, or use {index}'],
      },
    );
  }
  const names = new Map<number, string>();
  for (const row of eachRow(wanted)) {
    const name = (await facts.data.read(row))?.name;
    if (name === undefined) throw nameless(facts.data.path, indices.indexOf(row));
    names.set(row, name);
  }
  return (row) => numbered(row).replaceAll('{name}', () => names.get(row) as string);
}

function nameless(path: string, index: number): AppError {
  return new AppError('record_invalid', `${path}: gives feature ${index} no name, and --label has {name} in it`, {
    hints: ['name it, leave it out with --features, or use {index}'],
    details: { file: path, index },
  });
}

/** The fields shared by all vectors, and those of each: a row's own description and metadata win over the shared ones. */
function vectorTexts(
  about: Readonly<Record<string, unknown>>,
  data: FeatureData | undefined,
): Pick<VectorDestination, 'fields' | 'rowFields'> {
  if (!data || Object.keys(about).length === 0) return { fields: JSON.stringify(about).slice(1, -1) };
  const { description, metadata, ...shared } = about as { description?: string; metadata?: object };
  const rowFields = {
    most: jsonBound({ description, metadata }) + data.mostBytes,
    async of(start: number, count: number) {
      const texts = new Map<number, string>();
      for (let row = start; row < start + count; row++) {
        const own = (await data.read(row)) ?? {};
        const all = { ...metadata, ...own.metadata };
        const said = {
          description: own.description ?? description,
          ...(Object.keys(all).length > 0 && { metadata: all }),
        };
        texts.set(row, JSON.stringify(said).slice(1, -1));
      }
      return (row: number) => texts.get(row) ?? '';
    },
  };
  return { fields: JSON.stringify(shared).slice(1, -1), rowFields };
}

/** Refuses vectors for a model without a width on a server that checks them against its own record of it. */
export function refuseWithoutWidth(model: ModelRecord, server: Server): void {
  if (model.dimension !== null || server.capabilities.storesVectors) return;
  throw new AppError(
    'cannot_be_stored',
    `${server.name}: has no width on record for ${model.id}, so it accepts no vectors for it`,
    {
      hints: ['models created with --create-model have none there; ask the operators of the server to record it'],
    },
  );
}

/** Whether directions at a place may be steering vectors, as far as is known. */
export function isVectorPlace({ hook }: Place): boolean {
  return hook === undefined || residualSide(hook.value) !== undefined;
}

function hookTypeOf({ hook }: Place): VectorDestination['hookType'] {
  const side = hook && residualSide(hook.value);
  if (side) return `hook_resid_${side}`;
  throw new AppError(
    'cannot_be_stored',
    `steering vectors live at resid-pre or resid-post; these are at ${hook?.value ?? 'an unknown hook'}`,
    {
      hints: [
        hook && isAttentionZ(hook.value)
          ? "these are attention heads' outputs, not directions in the residual stream, whatever their width; upload them as features"
          : 'if it is one of these, give it with --hook; directions at other hooks can only be uploaded as features',
      ],
    },
  );
}
