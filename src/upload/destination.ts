import { AppError } from '../errors.ts';
import { expandHook, parseHook, refuseMisspelt } from '../layouts/hook.ts';
import { neuronpediaModelId } from '../layouts/model-names.ts';
import { headText, type Known, type Sae, type SaeKind } from '../layouts/sae.ts';
import { type HeadPlace, headOf, saidOfHead } from './head-place.ts';

/** What the user said about where an upload belongs. */
export interface PlaceOptions {
  readonly model?: string;
  readonly layer?: number;
  readonly hook?: string;
  /** Hook that the decoder writes to, if it is not the one read; `hook` is then the one read. */
  readonly hookOut?: string;
  /** Where the heads of a crosscoder belong; wins over `model` and `layer`. */
  readonly heads?: readonly HeadPlace[];
  readonly kind?: SaeKind;
  /** Name of the source set; may hold `{layer}` and `{head}`. */
  readonly saeId: string;
}

/** Where the features of an SAE go, and where each part of that is known from. */
export interface Place {
  readonly model: Known<string>;
  readonly layer: Known<number>;
  /** Hook that the vectors belong to: the one written to. */
  readonly hook: Known<string> | undefined;
  /** Hook that the encoder reads, if it is a different one. */
  readonly hookIn: Known<string> | undefined;
  readonly saeId: string;
  /** `6-my-sae`: layer and source set, as the server names a source. */
  readonly source: string;
}

/** Names that a server takes for a source set. */
const sourceSetName = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/**
 * Settles model, layer, hook and source from the options and the SAE's own files; the options win.
 * Errors: option_missing, layer_out_of_range, usage for a name that no server takes or a misspelt hook.
 */
export function placeOf(sae: Sae, options: PlaceOptions): Place {
  const ofHead = saidOfHead(sae, options.kind, options.heads);
  const head = headOf(sae, options.kind);
  const byHead = `--head ${head?.index}`;
  const layer = said(ofHead?.layer, byHead) ?? said(options.layer, '--layer') ?? sae.layer ?? layerOfHook(options);
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

/** Takes the layer from a full hook name such as `blocks.6.hook_mlp_out`. */
function layerOfHook({ hook, hookOut }: PlaceOptions): Known<number> | undefined {
  const layerOf = (text: string | undefined) => (text === undefined ? undefined : parseHook(text).layer);
  return said(layerOf(hookOut), '--hook-out') ?? said(layerOf(hook), '--hook');
}

/** Prefers the options to the files; of two hooks, `--hook-out` is the one written to. */
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
    `--sae-id "${saeId}": a source set's name may contain only lower-case letters, digits and single hyphens, and must start with a letter`,
    {
      hints: [
        ...(saeId.includes('{head}')
          ? ['{head} is only for crosscoders; this SAE has no heads']
          : /[{}]/.test(saeId)
            ? ['{layer} stands for the layer and, for crosscoders, {head} for the head']
            : []),
        `for example: --sae-id ${suggestName(saeId)}`,
      ],
    },
  );
}

function said<T>(value: T | undefined, from: string): Known<T> | undefined {
  return value === undefined ? undefined : { value, from };
}

/** Returns Neuronpedia's id for a model that a config names as Hugging Face or TransformerLens do. */
function mapped(model: Known<string> | undefined): Known<string> | undefined {
  if (!model) return undefined;
  const id = neuronpediaModelId(model.value);
  return id === model.value ? model : { value: id, from: `${model.from}: ${model.value}` };
}

/** Refuses a hook of another layer than the one given: the directions would be in the wrong place. */
function checkHookLayer(hook: Known<string> | undefined, layer: Known<number>): void {
  const inHook = hook && parseHook(hook.value).layer;
  if (hook === undefined || inHook === undefined || inHook === layer.value) return;
  throw new AppError(
    'layer_out_of_range',
    `layer ${layer.value} (${layer.from}) and hook ${hook.value} (${hook.from}) contradict each other`,
    {
      hints: [
        layer.from.startsWith('--head')
          ? `the hook belongs to layer ${inHook}: use ${layer.from.replace(/=.*/, '')}=MODEL:${inHook}`
          : layer.from === '--layer' && hook.from.startsWith('--hook')
            ? `the hook belongs to layer ${inHook}: use --layer ${inHook}, or a hook of layer ${layer.value}`
            : 'give both --layer and --hook if the files are wrong',
      ],
      details: { expected: inHook, found: layer.value },
    },
  );
}

/** Makes an error that names what is unknown and the options to give it; for a head, those for it alone or for all heads. */
function missing(sae: Sae, head: Sae['head'], noLayer: boolean, noModel: boolean): AppError {
  const what = noLayer && noModel ? 'model and layer' : noLayer ? 'layer' : 'model';
  const options = [noModel ? ['--model ID'] : [], noLayer ? ['--layer N'] : []].flat().join(' ');
  const { trained_from: from } = sae.facts;
  return new AppError(
    'option_missing',
    `${sae.path}${headText(head)}: its files do not say which ${what} it was trained on`,
    {
      hints: [
        ...(head ? [`add --head ${head.index}=MODEL:LAYER for this head, or ${options} for all of them`] : []),
        ...(from === undefined ? [] : [`its config names ${from} without saying for which head`]),
        ...(head ? [] : [`add ${options}`]),
        ...(noModel ? ['neuronpedia inspect PATH lists the models whose width matches'] : []),
        ...(sae.doubts ?? []),
      ],
      details: { missing: what, ...(head && { head: head.index }) },
    },
  );
}

function suggestName(text: string): string {
  // If a whole source was given (`model/6-my-sae`), the set is what follows the layer.
  const name = text
    .replace(/^.*\/\d+-/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '');
  return name === '' ? 'my-sae' : name;
}
