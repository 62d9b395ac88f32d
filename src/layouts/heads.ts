import { AppError } from '../errors.ts';
import { label, type Orientation, slabOf, type Tensor } from '../tensor/tensor.ts';
import { finish, type Parts, refuseIntegers } from './assemble.ts';
import { type Axes, type Clue, headAxisOf, judgeAxes, lengthsOf } from './axes.ts';
import type { Weights } from './layout.ts';
import type { Known, Sae } from './sae.ts';

/** No crosscoder has more models or layers. A higher count means that another axis was mistaken for the heads. */
const mostHeads = 256;

/** How a layout stores decoders of several heads: the fallback if nothing beside the decoder proves its axes. */
export interface Stored {
  readonly axes: Axes;
  readonly from: string;
}

/**
 * Returns one SAE per head of a 3-D decoder, all sharing one open file. The axes are those that the data beside the decoder
 * proves, else those of the layout (`stored`); `--head-axis` narrows them down.
 * Errors: layout_unknown if the data or the user rules all of them out, format_unsupported.
 */
export function crosscoder(
  weights: Weights,
  decoder: Tensor,
  stored: Stored,
  clues: readonly Clue[],
  partsOf: (head: number, heads: number) => Parts,
): Sae[] {
  const said = headAxisOf(weights.headAxis);
  const { proven, possible, from } = judgeAxes(decoder, weights.tensors, clues, said);
  const what = `${weights.file.path}: ${decoder.name} of shape [${decoder.shape}]`;
  if (possible.length === 0) {
    const asSaid = said === undefined ? '' : ` with --head-axis ${weights.headAxis}`;
    throw new AppError(
      'layout_unknown',
      `${what} fits no order of heads, features and width${asSaid}, because ${from}`,
      {
        hints: ['the decoder, its biases and its config must be of one crosscoder'],
      },
    );
  }
  const isStored = possible.some(
    ({ headAxis, orientation }) => headAxis === stored.axes.headAxis && orientation === stored.axes.orientation,
  );
  const known = proven ?? (isStored ? stored : undefined);
  const headAxis = known?.axes.headAxis ?? said;
  if (headAxis === undefined) {
    throw new AppError('layout_unknown', `${what} is in another order: ${stored.from}, but ${from}`, {
      hints: ['say which axis counts heads with --head-axis first or --head-axis middle'],
    });
  }
  const orientation = known && { value: known.axes.orientation, from: known.from };
  return splitHeads(weights, decoder, headAxis, orientation, partsOf);
}

/** Returns one SAE per index of the head axis. Errors: layout_unknown for no or absurdly many heads, format_unsupported. */
export function splitHeads(
  weights: Weights,
  decoder: Tensor,
  headAxis: 0 | 1,
  orientation: Known<Orientation> | undefined,
  partsOf: (head: number, heads: number) => Parts,
): Sae[] {
  refuseIntegers(weights, decoder);
  const heads = decoder.shape[headAxis] as number;
  if (heads === 0 || heads > mostHeads) {
    throw new AppError(
      'layout_unknown',
      `${label(decoder)}: the ${headAxis === 0 ? 'first' : 'middle'} axis of [${decoder.shape}] would mean ${heads} heads`,
      { hints: ['say which axis counts heads with --head-axis first or --head-axis middle'] },
    );
  }
  return Array.from({ length: heads }, (_, index) => ({
    ...finish(weights, slabOf(decoder, headAxis, index), orientation, partsOf(index, heads)),
    head: { index, of: heads },
  }));
}

/** Describes each possible head axis of a 3-D decoder, for the error that asks the user to choose. */
export function headCandidates(decoder: Tensor): string[] {
  return ([0, 1] as const).map((headAxis) => {
    const { heads, features, width } = lengthsOf(decoder.shape, { headAxis, orientation: 'rows' });
    return `--head-axis ${headAxis === 0 ? 'first' : 'middle'}: ${heads} heads, each a matrix [${features}, ${width}]`;
  });
}
