import type { TensorFile } from '../formats/format.ts';
import type { Orientation, Tensor } from '../tensor/tensor.ts';

/** A fact about an SAE and where it was read: both are shown before anything is sent. */
export interface Known<T> {
  readonly value: T;
  /** `cfg.json`, `--layer`, `b_dec has 768 values`, … */
  readonly from: string;
}

/** The layout name of a matrix that comes without a layout. */
export const bareLayout = 'bare matrix';

export type SaeKind = 'sae' | 'transcoder' | 'crosscoder';

/** A trained dictionary found on disk: its decoder, and everything that its own files state about it. */
export interface Sae {
  /** The file or folder that it was found in. */
  readonly path: string;
  /** Name of the layout: `SAELens`, {@link bareLayout}, … */
  readonly layout: string;
  readonly kind: SaeKind;
  /** The decoder as a matrix. For a crosscoder, this head's part of it. */
  readonly decoder: Tensor;
  /** Which head of a crosscoder this is, counted from 0. All heads share one `file`, which may be closed more than once. */
  readonly head?: { readonly index: number; readonly of: number };
  /** Absent if the files do not prove it. The model's width may prove it later. */
  readonly orientation?: Known<Orientation>;
  readonly model?: Known<string>;
  readonly layer?: Known<number>;
  /** TransformerLens hook that the decoder writes to: `blocks.8.hook_resid_pre`. */
  readonly hook?: Known<string>;
  /** Hook that the encoder reads, if it is a different one (transcoders). */
  readonly hookIn?: Known<string>;
  /** The config's own `neuronpedia_id`. It is shown, never used. */
  readonly neuronpediaId?: string;
  /** Facts about the whole SAE that a server may store: `k`, `l0`, `training_tokens`, … */
  readonly facts: Readonly<Record<string, string | number | boolean>>;
  /** Inconsistencies that are not certain to be errors, to be shown before anything is sent. */
  readonly doubts?: readonly string[];
  readonly file: TensorFile;
}

/** Says which head of a crosscoder it is, to be appended to a name; empty if it is none. */
export function headText(head: Sae['head'] | null): string {
  return head ? `, head ${head.index} of ${head.of}` : '';
}

/** An SAE's name for people: its path and, for a crosscoder, which head it is. */
export function titleOf({ path, head }: Pick<Sae, 'path' | 'head'>): string {
  return path + headText(head);
}
