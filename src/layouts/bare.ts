import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { isFloat } from '../tensor/dtype.ts';
import { label, type Tensor } from '../tensor/tensor.ts';
import { finish, refuseIntegers } from './assemble.ts';
import { type HeadAxisName, headAxisOf, judgeAxes } from './axes.ts';
import { describe, describeAll } from './describe.ts';
import { headCandidates, splitHeads } from './heads.ts';
import { decoderNames, type Weights } from './layout.ts';
import { refuseManyPlaces } from './many-places.ts';
import { encoderBiases, orientationFromBiases, orientationFromName, widthBiases } from './orientation.ts';
import { bareLayout, type Sae } from './sae.ts';
import { anyMatrix, refuseUnread } from './unread.ts';

const toUploadVector = 'to upload a single vector: neuronpedia upload-vector';
/** Hint for an unnamed array of integers. */
const toFloats = 'weights must be floating-point numbers: if these are weights, convert them with .astype(np.float32)';

/** Returns the hint for arrays that cannot be weights as they are: wrong type, or wrong number of dimensions. */
export function toWeights(tensors: readonly Tensor[]): string {
  const isWrongShape = tensors.some(({ dtype }) => isFloat(dtype));
  return isWrongShape ? 'a matrix needs 2 dimensions: reshape it with .reshape(features, -1)' : toFloats;
}

/** What the user states about a file because the file itself does not. */
export interface SaidOfTensor {
  /** Name of the tensor to read. */
  readonly tensor?: string | undefined;
  /** Which axis of a 3-D decoder counts heads. */
  readonly headAxis?: HeadAxisName | undefined;
}

/**
 * Reads a weight file without a config: the requested tensor, else the only possible decoder, else the first one with a
 * decoder's name. A 3-D decoder gives one SAE per head. The user has to state model, layer and hook.
 * Errors: tensor_not_found, layout_unknown, cannot_be_stored, format_unsupported.
 */
export function readBare(weights: Weights, said: SaidOfTensor): Sae[] {
  if (said.tensor === undefined) refuseManyPlaces(weights);
  const decoder = said.tensor === undefined ? onlyDecoder(weights) : askedFor(weights, said.tensor);
  if (decoder.shape.length === 3) return bareHeads(weights, decoder, said.headAxis);
  if (decoder.shape.length !== 2) {
    throw new AppError(
      'layout_unknown',
      `${label(decoder)}: expected a matrix of 2 dimensions, found shape [${decoder.shape}]`,
      {
        hints: decoder.shape.length === 1 ? [toUploadVector] : [],
      },
    );
  }
  const proof = orientationFromBiases(decoder, weights.tensors);
  // The biases may belong to another tensor than the one that was picked by name.
  if (proof && 'conflict' in proof && said.tensor === undefined) {
    throw new AppError('layout_unknown', `${label(decoder)}: ${proof.conflict}`, {
      hints: ['name the decoder with --tensor, and say which axis counts features with --orientation'],
    });
  }
  const byRow = decoder.byRow === undefined ? undefined : { value: 'rows' as const, from: decoder.byRow };
  const byName = orientationFromName(decoder.name);
  // A weight that torch named and somebody put into a table has rows that are no vectors: then neither is believed.
  const likely = byRow && byName ? undefined : (byRow ?? byName);
  const orientation = proof && 'value' in proof ? proof : likely;
  const sae = finish(weights, decoder, orientation, { layout: bareLayout, kind: 'sae' });
  const doubts = [...(sae.doubts ?? []), ...doubtsOf(weights, decoder)];
  return [doubts.length > 0 ? { ...sae, doubts } : sae];
}

/** Says what is odd about a matrix that is taken all the same: it was asked for, or there is no other. */
function doubtsOf({ name: file }: Weights, { name }: Tensor): string[] {
  // An array without a name is called what its file is called.
  const called = name || file.replace(/\.[^.]*$/, '');
  const encoder = `${name || file} is named like an encoder, but a feature's direction is its decoder row`;
  return encoderNames.test(called) ? [encoder] : [];
}

/** Splits heads along the axis that the user stated or other tensors prove. Error: layout_unknown with the candidates. */
function bareHeads(weights: Weights, decoder: Tensor, headAxis: SaidOfTensor['headAxis']): Sae[] {
  const said = headAxisOf(headAxis);
  const { proven, possible, from } = judgeAxes(decoder, weights.tensors, [], said);
  const axis = said ?? proven?.axes.headAxis;
  if (axis === undefined) {
    const why =
      possible.length === 0 ? `no reading fits what lies beside it: ${from}` : 'nothing beside it shows which one';
    throw new AppError(
      'layout_unknown',
      `${label(decoder)}: one axis of ${describe(decoder)} counts the heads of a crosscoder, and ${why}`,
      {
        hints: [...headCandidates(decoder), 'use --orientation to say which axis of these matrices counts features'],
        details: { file: decoder.file, tensor: decoder.name, shape: decoder.shape },
      },
    );
  }
  const orientation = proven && { value: proven.axes.orientation, from: proven.from || '--head-axis' };
  return splitHeads(weights, decoder, axis, orientation, () => ({ layout: bareLayout, kind: 'crosscoder' }));
}

/** Names that trainers give to encoders, which hold what a feature reads and not what it writes. */
const encoderNames = /(^|[._/])(w_?enc(_\d+)?|w_e|e|enc(oder)?(_linear)?(\.weight)?)$/i;
const biasNames = new Set([...widthBiases, ...encoderBiases, 'activation_mean', 'activation_std']);

function onlyDecoder(weights: Weights): Tensor {
  const { file, tensors } = weights;
  refuseUnread(file, (name) => decoderNames.some((decoder) => name === decoder || name.endsWith(`.${decoder}`)));
  const all = [...file.tensors.values()];
  const decoders = decoderNames.flatMap((name) => tensors.get(name) ?? []);
  if (!decoders.some(({ dtype }) => isFloat(dtype))) for (const decoder of decoders) refuseIntegers(weights, decoder);
  const candidates = all.filter(
    ({ shape, dtype, name }) => (shape.length === 2 || shape.length === 3) && isFloat(dtype) && !biasNames.has(name),
  );
  const named = decoderNames.flatMap((name) => tensors.get(name) ?? []).filter((tensor) => candidates.includes(tensor));
  const [only] = candidates.length === 1 ? candidates : named;
  if (only && !named.includes(only)) refuseUnread(file, anyMatrix);
  if (only && encoderNames.test(only.name)) throw noDecoder(only);
  if (only) return only;
  if (candidates.length === 0) {
    refuseUnread(file, anyMatrix);
    const shapes = describeAll(all);
    throw new AppError('layout_unknown', `${file.path}: holds no matrix of floating-point numbers; found: ${shapes}`, {
      hints: otherUses(all),
    });
  }
  throw new AppError('layout_unknown', `${file.path}: more than one matrix could be the decoder`, {
    hints: [`say which with --tensor NAME; candidates: ${describeAll(candidates)}`],
  });
}

function noDecoder(encoder: Tensor): AppError {
  return new AppError('layout_unknown', `${label(encoder)}: is an encoder, and there is no decoder beside it`, {
    hints: [`a feature’s direction is its decoder row; to upload the encoder anyway: --tensor ${encoder.name}`],
  });
}

function otherUses(tensors: readonly Tensor[]): string[] {
  if (tensors.some(({ shape, name }) => shape.length === 2 && name !== ''))
    return ['to take one of them anyway: --tensor NAME'];
  if (tensors.some(({ shape, dtype }) => shape.length === 1 && isFloat(dtype))) return [toUploadVector];
  return tensors.length > 0 ? [toWeights(tensors)] : [];
}

/** Returns the requested tensor. Its name may leave out a wrapper's prefix. */
function askedFor({ tensors, file }: Weights, name: string): Tensor {
  return tensors.get(name) ?? namedTensor(file, name);
}

/** Returns the tensor of that name. Errors: tensor_not_found with the tensors that exist, format_unsupported. */
export function namedTensor(file: TensorFile, name: string): Tensor {
  const tensor = file.tensors.get(name);
  if (tensor) return tensor;
  const undecodable = file.undecodable.get(name);
  if (undecodable) throw new AppError('format_unsupported', `${file.path}: tensor "${name}": ${undecodable}`);
  throw new AppError('tensor_not_found', `${file.path}: holds no tensor called "${name}"`, {
    hints: [`it holds: ${describeAll(file.tensors.values())}`],
  });
}
