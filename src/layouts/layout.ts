import type { TensorFile } from '../formats/format.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Sae } from './sae.ts';

/** A file that may hold an SAE, before it is opened: its name, and the names of what lies beside it. */
export interface Spot {
  /** Absolute: what folders above are called tells of some layouts all that is known. */
  readonly folder: string;
  readonly name: string;
  readonly beside: ReadonlySet<string>;
}

/** A weight file that is open, and what a layout is told by. */
export interface Weights extends Spot {
  /** What the SAE in it is called in plans: the file, or the folder that holds nothing else. */
  readonly path: string;
  readonly file: TensorFile;
  /** The file's tensors by their names without the prefixes of wrappers (`_orig_mod.`). */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** How a trainer lays out its files. To add one: a file beside this one, and a line in `list.ts`. */
export interface Layout {
  readonly name: string;
  /** A config that makes the one weight file beside it worth opening, whatever that is called. */
  readonly config?: string;
  /** The files it is known by, for the error where nothing was found. */
  readonly looksFor: string;
  /** Whether a file of this name, in this company, is worth opening. */
  mayBe(spot: Spot): boolean;
  /** The decoder, if names and shapes of the tensors are this layout's. */
  decoder(weights: Weights): Tensor | undefined;
  /** Reads what its files say; several for the heads of a crosscoder. Errors: config_invalid, layout_unknown. */
  read(weights: Weights, decoder: Tensor): Promise<Sae[]>;
}

/** `.safetensors` and `.npz`: what named tensors are converted to. */
export function isNamed(name: string, pattern: RegExp): boolean {
  const stem = /^(.*)\.(?:safetensors|npz)$/.exec(name)?.[1];
  return stem !== undefined && pattern.test(stem);
}

/** A tensor by its name and its number of dimensions. */
export function tensorOf({ tensors }: Pick<Weights, 'tensors'>, name: string, dimensions: number): Tensor | undefined {
  const tensor = tensors.get(name);
  return tensor?.shape.length === dimensions ? tensor : undefined;
}

/** Wrappers of torch that put their own name before every key: torch.compile, DataParallel, a backup of a whole run. */
const wrapper = /^(?:_orig_mod|module|ae)\./;

/** Tensors by their names without the prefixes of wrappers. A name that is there without one keeps its tensor. */
export function unwrapped(tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  const plain = new Map(tensors);
  for (const [name, tensor] of tensors) {
    let bare = name;
    while (wrapper.test(bare)) bare = bare.replace(wrapper, '');
    if (!plain.has(bare)) plain.set(bare, tensor);
  }
  return plain;
}
