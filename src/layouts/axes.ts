import type { Orientation, Tensor } from '../tensor/tensor.ts';
import { encoderBiases, widthBiases } from './orientation.ts';

/** Which axis of a 3-D decoder counts heads; of the two left, `orientation` says which counts features. */
export interface Axes {
  readonly headAxis: 0 | 1;
  readonly orientation: Orientation;
}

/** What the three axes count, read one way. */
export interface Lengths {
  readonly heads: number;
  readonly features: number;
  readonly width: number;
}

/** Something beside a decoder that only some readings of its axes agree with. */
export interface Clue {
  readonly said: string;
  fits(lengths: Lengths): boolean;
}

/** Every way in which trainers and conversions have stored a decoder of several heads. */
const readings: readonly Axes[] = [
  { headAxis: 0, orientation: 'rows' },
  { headAxis: 1, orientation: 'rows' },
  { headAxis: 0, orientation: 'columns' },
  { headAxis: 1, orientation: 'columns' },
];

/** What the axes of a shape count, read so: `[n,m,d]`, `[m,n,d]`, `[n,d,m]` and `[d,n,m]`. */
export function lengthsOf(shape: readonly number[], { headAxis, orientation }: Axes): Lengths {
  const heads = shape[headAxis] as number;
  const [first, second] = shape.filter((_, axis) => axis !== headAxis) as [number, number];
  return orientation === 'rows' ? { heads, features: first, width: second } : { heads, features: second, width: first };
}

/** What is known of a decoder's axes: a proof, or which readings nothing rules out (none: what is there contradicts it). */
export interface Judged {
  readonly proven?: { readonly axes: Axes; readonly from: string };
  readonly possible: readonly Axes[];
  readonly from: string;
}

/**
 * Settles the axes of a 3-D decoder by the biases beside it (`b_dec [heads, width]`, `b_enc [features]` or one a head),
 * what the config says, and where these leave several, by the encoder, which all these trainers store `[heads, width, features]`.
 */
export function judgeAxes(
  decoder: Tensor,
  tensors: ReadonlyMap<string, Tensor>,
  more: readonly Clue[] = [],
  headAxis?: 0 | 1,
): Judged {
  const open = readings.filter((axes) => headAxis === undefined || axes.headAxis === headAxis);
  const biases = [...clues(tensors, widthBiases, widthClue), ...clues(tensors, encoderBiases, featureClue), ...more];
  const byBiases = judge(decoder, open, biases);
  if (byBiases.proven || byBiases.possible.length === 0) return byBiases;
  return judge(decoder, open, [...biases, ...clues(tensors, ['W_enc', 'encoder.weight', 'W_E'], encoderClue)]);
}

/** Which readings all clues agree with; one that is left alone by clues is proven. */
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

/** What a config says of the lengths. */
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
