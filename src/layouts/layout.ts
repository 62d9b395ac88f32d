import type { TensorFile } from '../formats/format.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { HeadAxisName } from './axes.ts';
import type { Sae } from './sae.ts';

/** A file that may hold an SAE, before it is opened: its name, and the names of the entries beside it. */
export interface Spot {
  /** Absolute, because for some layouts the names of the folders above are the only source of facts. */
  readonly folder: string;
  readonly name: string;
  readonly beside: ReadonlySet<string>;
}

/** An open weight file, with everything that a layout is recognised by. */
export interface Weights extends Spot {
  /** What plans call the SAE in it: the file, or the folder if it holds no other. */
  readonly path: string;
  readonly file: TensorFile;
  /** The tensors by name, as stored and without what wrappers or the SAE's module put before it (see `unwrapped`). */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The tensor that the user names. */
  readonly asked?: string | undefined;
  /** Which axis of a 3-D decoder counts heads, if the user says so. */
  readonly headAxis?: HeadAxisName | undefined;
}

/** How a trainer lays out its files. To add one, write a file beside this one and list it in `list.ts`. */
export interface Layout {
  readonly name: string;
  /** Name of a config that makes the only weight file beside it worth opening, whatever its name. */
  readonly config?: string;
  /** The files it is recognised by, for the error if nothing is found. Empty if it is not to be listed there. */
  readonly looksFor: string;
  /** Whether a file with this name and these neighbours is worth opening. */
  mayBe(spot: Spot): boolean;
  /** Returns the decoder if the names and shapes of the tensors fit this layout. */
  decoder(weights: Weights): Tensor | undefined;
  /** Reads the SAE, or one per head. Errors: config_invalid, layout_unknown, format_unsupported, cannot_be_stored. */
  read(weights: Weights, decoder: Tensor): Promise<Sae[]>;
}

/** Whether the stem of a `.safetensors` or `.npz` file matches. Named tensors are converted to one of these formats. */
export function isNamed(name: string, pattern: RegExp): boolean {
  const stem = /^(.*)\.(?:safetensors|npz)$/.exec(name)?.[1];
  return stem !== undefined && pattern.test(stem);
}

/** Returns the tensor of this name if it has this many dimensions. */
export function tensorOf({ tensors }: Pick<Weights, 'tensors'>, name: string, dimensions: number): Tensor | undefined {
  const tensor = tensors.get(name);
  return tensor?.shape.length === dimensions ? tensor : undefined;
}

/** Names that trainers give to decoders. */
export const decoderNames: readonly string[] = [
  ...['W_dec', 'w_dec', 'decoder.weight', 'decoder_linear.weight', 'dec.weight', 'W_D'],
];

/** Prefixes that wrappers put before every key: torch.compile, DataParallel, a backup of a whole run. */
const wrapper = /^(?:_orig_mod|module|ae)\./;

/** Names beside a decoder that show that it is one of an SAE, and not the last layer of a language model. */
const besideDecoders = [
  'W_enc',
  'w_enc',
  'W_E',
  'encoder.weight',
  'encoder_linear.weight',
  'enc.weight',
  'b_dec',
  'b_enc',
];

/** Returns what stands before a decoder's name: `sae.` of `sae.W_dec`. Undefined for other names. */
function prefixOf(name: string): string | undefined {
  const decoder = decoderNames.find((one) => name.endsWith(`.${one}`) || name.endsWith(`/${one}`));
  return decoder && name.slice(0, -decoder.length);
}

/**
 * Adds every tensor under its name without the prefixes of wrappers. If no decoder is found so, the SAE is in a module whose
 * name stands before the only one, or before the one that the user names: then only what has the same prefix is returned,
 * with and without it.
 */
export function unwrapped(tensors: ReadonlyMap<string, Tensor>, asked?: string): ReadonlyMap<string, Tensor> {
  const plain = new Map(tensors);
  for (const [name, tensor] of tensors) {
    let bare = name;
    while (wrapper.test(bare)) bare = bare.replace(wrapper, '');
    if (!plain.has(bare)) plain.set(bare, tensor);
  }
  const own = asked !== undefined && tensors.has(asked) ? prefixOf(asked) : undefined;
  const prefix = own ?? (decoderNames.some((name) => plain.has(name)) ? undefined : modulePrefix(tensors));
  if (prefix === undefined) return plain;
  // What is outside of the module belongs to something else.
  const inside = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map([...inside, ...inside.map(([name, tensor]) => [name.slice(prefix.length), tensor] as const)]);
}

/** Returns the prefix of the only decoder, if what has it too, or the lack of other matrices, shows that it is an SAE's. */
function modulePrefix(tensors: ReadonlyMap<string, Tensor>): string | undefined {
  const [prefix, ...others] = new Set([...tensors.keys()].flatMap((name) => prefixOf(name) ?? []));
  if (prefix === undefined || others.length > 0) return undefined;
  const isOutside = ({ name, shape }: Tensor) => shape.length > 1 && !name.startsWith(prefix);
  const isSae = besideDecoders.some((name) => tensors.has(prefix + name)) || ![...tensors.values()].some(isOutside);
  return isSae ? prefix : undefined;
}
