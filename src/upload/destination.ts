import { AppError } from '../errors.ts';
import { expandHook, parseHook, refuseMisspelt } from '../layouts/hook.ts';
import { neuronpediaModelId } from '../layouts/model-names.ts';
import type { Known, Sae, SaeKind } from '../layouts/sae.ts';
import { type HeadPlace, headOf, saidOfHead } from './head-place.ts';
import type { ModelRecord, Server } from './server.ts';

/** What a person said of where an upload belongs. */
export interface PlaceOptions {
  readonly model?: string;
  readonly layer?: number;
  readonly hook?: string;
  /** Hook that the decoder writes to, where it is another than the one read; `hook` is then the one read. */
  readonly hookOut?: string;
  /** Where the heads of a crosscoder belong; wins over `model` and `layer`. */
  readonly heads?: readonly HeadPlace[];
  readonly kind?: SaeKind;
  /** Name of the source set; may hold `{layer}` and `{head}`. */
  readonly saeId: string;
}

/** Where the features of an SAE go: proven or said, with where each part comes from. */
export interface Place {
  readonly model: Known<string>;
  readonly layer: Known<number>;
  /** Hook that the vectors are at: the one written to. */
  readonly hook: Known<string> | undefined;
  /** Hook that the encoder reads, where it is another. */
  readonly hookIn: Known<string> | undefined;
  readonly saeId: string;
  /** `6-my-sae`: layer and source set, as the server names a source. */
  readonly source: string;
}

/** Names that a server takes for a source set. */
const sourceSetName = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/**
 * Settles model, layer, hook and source from what was said and what the SAE's own files say; what was said wins.
 * Errors: option_missing, usage for a name that no server takes.
 */
export function placeOf(sae: Sae, options: PlaceOptions): Place {
  const ofHead = saidOfHead(sae, options.kind, options.heads);
  const head = headOf(sae, options.kind);
  const byHead = `--head ${head?.index}`;
  const layer = said(ofHead?.layer, byHead) ?? said(options.layer, '--layer') ?? sae.layer;
  const model = said(ofHead?.model, byHead) ?? said(options.model, '--model') ?? mapped(sae.model);
  if (!layer || !model) throw missing(sae, head, !layer, !model);
  refuseMisspelt('--hook', options.hook);
  refuseMisspelt('--hook-out', options.hookOut);
  const { hook, hookIn } = hooksOf(sae, options, layer.value);
  checkHookLayer(hook, layer);
  const saeId = options.saeId
    .replaceAll('{layer}', String(layer.value))
    .replaceAll('{head}', head ? String(head.index) : '{head}');
  if (!sourceSetName.test(saeId)) throw wrongName(saeId);
  return { model, layer, hook, hookIn, saeId, source: `${layer.value}-${saeId}` };
}

/** What was said wins; of two hooks, `--hook-out` is the one written to. */
function hooksOf(sae: Sae, { hook, hookOut }: PlaceOptions, layer: number): Pick<Place, 'hook' | 'hookIn'> {
  const full = (typed: string | undefined) => (typed === undefined ? undefined : expandHook(typed, layer));
  if (hookOut !== undefined) {
    return { hook: said(full(hookOut), '--hook-out'), hookIn: said(full(hook), '--hook') ?? sae.hookIn };
  }
  return { hook: said(full(hook), '--hook') ?? sae.hook, hookIn: sae.hookIn };
}

function wrongName(saeId: string): AppError {
  return new AppError(
    'usage',
    `--sae-id "${saeId}": a source set's name has lower-case letters, digits and single hyphens, and starts with a letter`,
    {
      hints: [
        ...(saeId.includes('{head}')
          ? ['{head} is for crosscoders; this has no heads']
          : /[{}]/.test(saeId)
            ? ['{layer} stands for the layer, and of crosscoders {head} for the head']
            : []),
        `for example: --sae-id ${suggestName(saeId)}`,
      ],
    },
  );
}

function said<T>(value: T | undefined, from: string): Known<T> | undefined {
  return value === undefined ? undefined : { value, from };
}

/** Configs name models as Hugging Face or TransformerLens do. */
function mapped(model: Known<string> | undefined): Known<string> | undefined {
  if (!model) return undefined;
  const id = neuronpediaModelId(model.value);
  return id === model.value ? model : { value: id, from: `${model.from}: ${model.value}` };
}

/** A hook of one layer with another layer's number is a direction in the wrong place. */
function checkHookLayer(hook: Known<string> | undefined, layer: Known<number>): void {
  const inHook = hook && parseHook(hook.value).layer;
  if (hook === undefined || inHook === undefined || inHook === layer.value) return;
  throw new AppError(
    'layer_out_of_range',
    `layer ${layer.value} (${layer.from}) and hook ${hook.value} (${hook.from}) contradict each other`,
    {
      hints: [
        layer.from.startsWith('--head')
          ? `the hook is of layer ${inHook}: ${layer.from.replace(/=.*/, '')}=MODEL:${inHook}`
          : 'give both --layer and --hook if the files are wrong',
      ],
      details: { expected: inHook, found: layer.value },
    },
  );
}

/** Names what is not known and how to say it; of a head, for it alone or for all of them. */
function missing(sae: Sae, head: Sae['head'], noLayer: boolean, noModel: boolean): AppError {
  const what = noLayer && noModel ? 'model and layer' : noLayer ? 'layer' : 'model';
  const options = [noModel ? ['--model ID'] : [], noLayer ? ['--layer N'] : []].flat().join(' ');
  const name = head ? `${sae.path}, head ${head.index} of ${head.of}` : sae.path;
  const { trained_from: from } = sae.facts;
  return new AppError('option_missing', `${name}: its files do not say which ${what} it was trained on`, {
    hints: [
      ...(head ? [`add --head ${head.index}=MODEL:LAYER for this head, or ${options} for all of them`] : []),
      ...(from === undefined ? [] : [`its config names ${from}, without saying which head that is`]),
      ...(head ? [] : [`add ${options}`]),
    ],
    details: { missing: what, ...(head && { head: head.index }) },
  });
}

function suggestName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '');
  return name === '' ? 'my-sae' : name;
}

/**
 * The server's record of a model; made when it has none and `createLayers` says how many layers it has.
 * Errors: unknown_model with what it may have been meant to be.
 */
export async function findModel(
  server: Server,
  id: string,
  createLayers: number | undefined,
): Promise<{ record: ModelRecord; isNew: boolean }> {
  const known = await server.getModel(id);
  if (known) return { record: known, isNew: false };
  if (createLayers !== undefined) return { record: { id, layers: createLayers, dimension: null }, isNew: true };
  const others = (await server.listModels()).map((model) => model.id);
  const near = nearest(id, others);
  throw new AppError('unknown_model', `the server knows no model "${id}"`, {
    hints: [
      ...(near.length > 0 ? [`did you mean ${near.join(' or ')}?`] : []),
      'a model of your own is made with --create-model LAYERS',
    ],
    details: { found: id, candidates: near },
  });
}

/** Errors: layer_out_of_range. Layers count from 0. */
export function checkLayer(record: ModelRecord, layer: number): void {
  if (Number.isInteger(layer) && layer >= 0 && layer < record.layers) return;
  throw new AppError(
    'layer_out_of_range',
    `layer ${layer} does not exist: ${record.id} has ${record.layers} layers, 0 to ${record.layers - 1}`,
    {
      hints: ['layers count from 0: the last one is the number of layers less one'],
      details: { found: layer, expected: `0-${record.layers - 1}` },
    },
  );
}

/** Up to three names that look like the one typed. */
function nearest(id: string, names: readonly string[]): string[] {
  const wanted = neuronpediaModelId(id);
  if (names.includes(wanted)) return [wanted];
  const scored = names.map((name) => ({ name, score: similarity(id.toLowerCase(), name) }));
  return scored
    .filter(({ score }) => score >= 0.5)
    .sort((a, b) => b.score - a.score)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Share of letter pairs that two names have in common (Dice's coefficient), 0 to 1. */
function similarity(a: string, b: string): number {
  const pairs = (text: string) =>
    new Set(Array.from({ length: Math.max(0, text.length - 1) }, (_, i) => text.slice(i, i + 2)));
  const [left, right] = [pairs(a), pairs(b)];
  const shared = [...left].filter((pair) => right.has(pair)).length;
  return left.size + right.size === 0 ? 0 : (2 * shared) / (left.size + right.size);
}
