import { AppError } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { describe } from './describe.ts';
import { isNamed, type Layout, type Weights } from './layout.ts';

/** A kind of dictionary without a single vector per feature. */
interface Kind {
  readonly what: string;
  readonly why: string;
}

const toSeveralLayers =
  'each of its features writes a separate vector to every later layer, but Neuronpedia stores one vector per feature';

const circuitTracer = 'a cross-layer transcoder (circuit-tracer)';

/** A kind that the name of one tensor gives away. */
interface NamedKind extends Kind {
  readonly tensors: RegExp;
  /** How many dimensions such a tensor has; any number if absent. */
  readonly dimensions?: number;
}

const kinds: readonly NamedKind[] = [
  { what: circuitTracer, why: toSeveralLayers, tensors: /^W_dec_\d+$/, dimensions: 3 },
  { what: circuitTracer, why: toSeveralLayers, tensors: /^W_enc_\d+$/, dimensions: 2 },
  { what: 'a cross-layer transcoder (OpenMOSS)', why: toSeveralLayers, tensors: /^W_D\.\d+$/ },
  { what: 'a cross-layer transcoder (clt-training)', why: toSeveralLayers, tensors: /^W_decs\.\d+$/ },
  {
    what: 'a mixture of linear transforms (MOLT)',
    why: 'each of its features applies a matrix instead of writing a vector',
    tensors: /^U_matrices\.\d+$/,
  },
];

/** In low-rank sparse attention each feature is an attention head, whose output depends on other tokens. */
const lorsa: Kind = {
  what: 'a low-rank sparse attention module (Lorsa)',
  why: 'its features are attention heads: what one writes depends on the tokens that it attends to',
};

/**
 * Refuses dictionaries without a single vector per feature (cross-layer transcoders, MOLT, Lorsa), with the reason.
 * Error: cannot_be_stored.
 */
export function refuseManyPlaces({ tensors, file }: Pick<Weights, 'tensors' | 'file'>): void {
  const found = sortOf(tensors);
  if (!found) return;
  throw new AppError('cannot_be_stored', `${file.path}: is ${found.kind.what}: ${found.kind.why}`, {
    // A matrix is the encoder, whose decoders are in files of their own.
    hints:
      found.tensor.shape.length > 2
        ? [`it holds ${describe(found.tensor)}; to upload one slab of it, save that slab as a separate matrix`]
        : [],
    details: { file: file.path, tensor: found.tensor.name, shape: found.tensor.shape },
  });
}

function sortOf(tensors: ReadonlyMap<string, Tensor>): { kind: Kind; tensor: Tensor } | undefined {
  for (const kind of kinds) {
    const isOne = ({ shape }: Tensor) => shape.length === (kind.dimensions ?? shape.length);
    for (const [name, tensor] of tensors) if (kind.tensors.test(name) && isOne(tensor)) return { kind, tensor };
  }
  const output = tensors.get('W_O');
  if (output && tensors.has('W_V') && tensors.has('W_Q')) return { kind: lorsa, tensor: output };
  return acrossLayers(tensors);
}

/** Detects a 3-D decoder with a 2-D encoder: it reads at one layer and writes to several. */
function acrossLayers(tensors: ReadonlyMap<string, Tensor>): { kind: Kind; tensor: Tensor } | undefined {
  for (const [decoderName, encoderName] of pairs) {
    const [decoder, encoder] = [tensors.get(decoderName), tensors.get(encoderName)];
    if (decoder?.shape.length !== 3 || encoder?.shape.length !== 2) continue;
    return { kind: { what: 'a cross-layer transcoder', why: toSeveralLayers }, tensor: decoder };
  }
  return undefined;
}

const pairs = [
  ['w_dec', 'w_enc'],
  ['W_dec', 'W_enc'],
  ['decoder.weight', 'encoder.weight'],
  ['W_D', 'W_E'],
] as const;

/** The files of a circuit-tracer CLT, and those of a Gemma Scope 2 one. Finding one is enough to refuse the whole. */
export const manyPlaces: Layout = {
  name: 'cross-layer transcoder',
  looksFor: '',
  mayBe: ({ name }) => isNamed(name, /^(W_(dec|enc)|params_layer)_\d+$/),
  decoder: (weights) => sortOf(weights.tensors)?.tensor,
  async read(weights) {
    refuseManyPlaces(weights);
    return [];
  },
};
