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
  /** The file's tensors by name, both as stored and without the prefixes of wrappers (`_orig_mod.`). */
  readonly tensors: ReadonlyMap<string, Tensor>;
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

/** Prefixes that wrappers put before every key: torch.compile, DataParallel, a backup of a whole run. */
const wrapper = /^(?:_orig_mod|module|ae)\./;

/** Adds every tensor under its name without wrapper prefixes, unless the file has a tensor of that name. */
export function unwrapped(tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  const plain = new Map(tensors);
  for (const [name, tensor] of tensors) {
    let bare = name;
    while (wrapper.test(bare)) bare = bare.replace(wrapper, '');
    if (!plain.has(bare)) plain.set(bare, tensor);
  }
  return plain;
}
