import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { isFloat } from '../tensor/dtype.ts';
import { label, type Tensor } from '../tensor/tensor.ts';
import { orientationFromBiases } from './orientation.ts';
import type { Sae } from './sae.ts';

const toUploadVector = 'a single vector is uploaded with: neuronpedia upload-vector';

/**
 * A weight file without a config: the tensor asked for, else its only matrix, else its `W_dec`.
 * Model, layer and hook must be said by who uploads it. Errors: tensor_not_found, layout_unknown.
 */
export function readBare(path: string, file: TensorFile, tensorName: string | undefined): Sae {
  const decoder = tensorName === undefined ? onlyMatrix(file) : namedTensor(file, tensorName);
  if (decoder.shape.length !== 2) {
    throw new AppError(
      'layout_unknown',
      `${label(decoder)}: expected a matrix of 2 dimensions, found shape [${decoder.shape}]`,
      {
        hints: decoder.shape.length === 1 ? [toUploadVector] : [],
      },
    );
  }
  const proof = orientationFromBiases(decoder, file.tensors);
  // A tensor picked by name may be of another kind than the biases beside it are for.
  if (proof && 'conflict' in proof && tensorName === undefined) {
    throw new AppError('layout_unknown', `${label(decoder)}: ${proof.conflict}`, {
      hints: ['name the decoder with --tensor, and say which axis counts features with --orientation'],
    });
  }
  const orientation = proof && 'value' in proof ? { orientation: proof } : {};
  return { path, layout: 'bare matrix', kind: 'sae', decoder, ...orientation, facts: {}, file };
}

function onlyMatrix(file: TensorFile): Tensor {
  const matrices = [...file.tensors.values()].filter((tensor) => tensor.shape.length === 2 && isFloat(tensor.dtype));
  const [only] = matrices.length === 1 ? matrices : matrices.filter((tensor) => tensor.name === 'W_dec');
  if (only) return only;
  if (matrices.length === 0) {
    const shapes = [...file.tensors.values()].map(describe).join(', ') || 'none';
    throw new AppError('layout_unknown', `${file.path}: holds no matrix of floating-point numbers; found: ${shapes}`, {
      hints: otherUses([...file.tensors.values()]),
    });
  }
  throw new AppError('layout_unknown', `${file.path}: more than one matrix could be the decoder`, {
    hints: [`say which with --tensor NAME; candidates: ${matrices.map(describe).join(', ')}`],
  });
}

function otherUses(tensors: readonly Tensor[]): string[] {
  if (tensors.some(({ shape }) => shape.length === 2)) return ['--tensor NAME takes any of them'];
  return tensors.some(({ shape }) => shape.length === 1) ? [toUploadVector] : [];
}

/** The tensor of that name, or an error that lists those that are there. */
export function namedTensor(file: TensorFile, name: string): Tensor {
  const tensor = file.tensors.get(name);
  if (tensor) return tensor;
  const undecodable = file.undecodable.get(name);
  if (undecodable) throw new AppError('format_unsupported', `${file.path}: tensor "${name}": ${undecodable}`);
  throw new AppError('tensor_not_found', `${file.path}: holds no tensor called "${name}"`, {
    hints: [`it holds: ${[...file.tensors.values()].map(describe).join(', ') || 'none'}`],
  });
}

/** `W_dec F32 [16384, 768]` */
export function describe(tensor: Tensor): string {
  return `${tensor.name || 'one array'} ${tensor.dtype} [${tensor.shape.join(', ')}]`;
}
