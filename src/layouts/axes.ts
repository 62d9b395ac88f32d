import type { Orientation, Tensor } from '../tensor/tensor.ts';
import { encoderBiases, widthBiases } from './orientation.ts';

/** Which axis of a 3-D decoder counts heads, and which of the other two counts features (`orientation`). */
export interface Axes {
  readonly headAxis: 0 | 1;
  readonly orientation: Orientation;
}

/** How users name the axis that counts heads. */
export type HeadAxisName = 'first' | 'middle';

/** Returns the axis of that name; undefined without a name. */
export function headAxisOf(name: HeadAxisName | undefined): 0 | 1 | undefined {
  return name === undefined ? undefined : name === 'first' ? 0 : 1;
}

/** The lengths of the three axes under one reading. */
export interface Lengths {
  readonly heads: number;
  readonly features: number;
  readonly width: number;
}

/** Evidence beside a decoder that fits only some readings of its axes. */
export interface Clue {
  readonly said: string;
  fits(lengths: Lengths): boolean;
}

/** Every way in which trainers and conversions store a decoder of several heads. */
const readings: readonly Axes[] = [
  { headAxis: 0, orientation: 'rows' },
  { headAxis: 1, orientation: 'rows' },
  { headAxis: 0, orientation: 'columns' },
  { headAxis: 1, orientation: 'columns' },
];

/** Returns the lengths under a reading: `[n,m,d]`, `[m,n,d]`, `[n,d,m]` or `[d,n,m]` for n heads, m features, width d. */
export function lengthsOf(shape: readonly number[], { headAxis, orientation }: Axes): Lengths {
  const heads = shape[headAxis] as number;
  const [first, second] = shape.filter((_, axis) => axis !== headAxis) as [number, number];
  return orientation === 'rows' ? { heads, features: first, width: second } : { heads, features: second, width: first };
}

/** The verdict on a decoder's axes: the proven reading, and all that are not ruled out (none if clues contradict it). */
export interface Judged {
  readonly proven?: { readonly axes: Axes; readonly from: string };
  readonly possible: readonly Axes[];
  readonly from: string;
}

/**
 * Settles the axes of a 3-D decoder from the biases beside it (`b_dec [heads, width]`, `b_enc [features]` or one per
 * head) and the config (`more`). If these leave several readings, the encoder decides, which all these trainers store
 * as `[heads, width, features]`.
 */
export function judgeAxes(
  decoder: Tensor,
  tensors: ReadonlyMap<string, Tensor>,
  more: readonly Clue[],
  headAxis?: 0 | 1,
): Judged {
  const open = readings.filter((axes) => headAxis === undefined || axes.headAxis === headAxis);
  const biases = [...clues(tensors, widthBiases, widthClue), ...clues(tensors, encoderBiases, featureClue), ...more];
  const byBiases = judge(decoder, open, biases);
  if (byBiases.proven || byBiases.possible.length === 0) return byBiases;
  return judge(decoder, open, [...biases, ...clues(tensors, ['W_enc', 'encoder.weight', 'W_E'], encoderClue)]);
}

/** Finds the readings that fit all clues. If clues leave only one, it is proven. */
function judge(decoder: Tensor, open: readonly Axes[], taken: readonly Clue[]): Judged {
  const possible = open.filter((axes) => taken.every((clue) => clue.fits(lengthsOf(decoder.shape, axes))));
  const from = taken.map(({ said }) => said).join(', ');
  const [axes, ...others] = possible;
  const isProven = axes !== undefined && others.length === 0 && taken.length > 0;
  return { ...(isProven && { proven: { axes, from } }), possible, from };
}

type Make = (name: string, shape: readonly number[]) => Clue | undefined;

function clues(tensors: ReadonlyMap<string, Tensor>, names: readonly string[], make: Make): Clue[] {
  return names.flatMap((name) => {
    const tensor = tensors.get(name);
    const clue = tensor && make(name, tensor.shape);
    return clue ? [clue] : [];
  });
}

const widthClue: Make = (name, shape) => {
  const [first, second] = shape;
  if (shape.length === 1) return { said: `${name} has ${first} values`, fits: ({ width }) => width === first };
  if (shape.length !== 2) return undefined;
  return { said: `${name} is [${shape.join(', ')}]`, fits: (l) => l.heads === first && l.width === second };
};

const featureClue: Make = (name, shape) => {
  const [first, second] = shape;
  if (shape.length === 1) return { said: `${name} has ${first} values`, fits: ({ features }) => features === first };
  if (shape.length !== 2) return undefined;
  return { said: `${name} is [${shape.join(', ')}]`, fits: (l) => l.heads === first && l.features === second };
};

const encoderClue: Make = (name, shape) =>
  shape.length !== 3
    ? undefined
    : {
        said: `${name} is [${shape.join(', ')}]`,
        fits: (l) => l.heads === shape[0] && l.width === shape[1] && l.features === shape[2],
      };

/** Returns the lengths in a config as a clue, or no clue if it states none. */
export function configClue(from: string, says: { [K in keyof Lengths]?: number | null | undefined }): Clue[] {
  const said = (Object.entries(says) as [keyof Lengths, number | null | undefined][]).filter(
    (entry): entry is [keyof Lengths, number] => typeof entry[1] === 'number',
  );
  if (said.length === 0) return [];
  return [
    {
      said: `${from} says ${said.map(([what, length]) => `${what} ${length}`).join(', ')}`,
      fits: (lengths) => said.every(([what, length]) => lengths[what] === length),
    },
  ];
}
