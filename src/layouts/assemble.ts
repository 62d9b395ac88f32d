import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { present } from '../present.ts';
import { indexNames, likeIndices } from '../tensor/indices.ts';
import { label, type Matrix, matrixOf, type Orientation, type Tensor } from '../tensor/tensor.ts';
import type { Weights } from './layout.ts';
import { orientationFromBiases } from './orientation.ts';
import type { Known, Sae, SaeKind } from './sae.ts';

/** What a layout found out about an SAE. Facts that its files do not state are undefined. */
export interface Parts {
  readonly layout: string;
  readonly kind: SaeKind;
  readonly model?: Known<string> | undefined;
  readonly layer?: Known<number> | undefined;
  readonly hook?: Known<string> | undefined;
  readonly hookIn?: Known<string> | undefined;
  readonly neuronpediaId?: string | null | undefined;
  readonly facts?: Readonly<Record<string, string | number | boolean | null | undefined>>;
  /** The decoder's size according to the config, to be checked against the tensor. */
  readonly says?: {
    readonly from: string;
    readonly features?: number | undefined;
    readonly width?: number | undefined;
  };
}

/**
 * Builds an SAE. The biases beside the decoder prove its orientation; failing that, it is `stored`, the layout's own.
 * Checks the size against the config if the orientation is known. Errors: layout_unknown, format_unsupported (integers).
 */
export function assemble(weights: Weights, decoder: Tensor, stored: Known<Orientation> | undefined, parts: Parts): Sae {
  const proof = orientationFromBiases(decoder, weights.tensors);
  if (proof && 'conflict' in proof) {
    throw new AppError('layout_unknown', `${weights.file.path}: ${decoder.name} of ${proof.conflict}`);
  }
  refuseIntegers(weights, decoder);
  const orientation = proof ?? stored;
  if (orientation) checkSize(weights, matrixOf(decoder, orientation.value), parts);
  return finish(weights, decoder, orientation, parts);
}

/** Builds an SAE without checking its size. Error: format_unsupported if the values need a separate scale. */
export function finish(
  { path, file }: Weights,
  decoder: Tensor,
  orientation: Known<Orientation> | undefined,
  parts: Parts,
): Sae {
  refuseScaled(file, decoder);
  const { layout, kind, model, layer, hook, hookIn, neuronpediaId, facts } = parts;
  const known = { orientation, model, layer, hook, hookIn, neuronpediaId };
  const doubts = [...otherIndices(file, decoder, orientation?.value), ...integersOf(decoder)];
  return {
    ...{ path, layout, kind, decoder, ...present(known), facts: present(facts ?? {}) as Sae['facts'] },
    ...(doubts.length > 0 && { doubts }),
    file,
  };
}

/** Returns a doubt for each array that may number the rows and is not read as such. */
function otherIndices({ tensors }: TensorFile, decoder: Tensor, orientation: Orientation | undefined): string[] {
  const [height, breadth] = decoder.shape;
  const rows = orientation === 'columns' ? [breadth] : orientation === 'rows' ? [height] : [height, breadth];
  const others = [...tensors.values()].filter(
    ({ name, dtype, shape: [length = 0, ...more] }) =>
      likeIndices.test(name) &&
      !indexNames.includes(name) &&
      /^[IU]\d/.test(dtype) &&
      more.length === 0 &&
      rows.includes(length),
  );
  if (indexNames.some((name) => tensors.has(name))) return [];
  return others.map(
    ({ name }) => `rows are numbered from 0: if "${name}" says which feature each row is, rename it to "index"`,
  );
}

function integersOf(decoder: Tensor): string[] {
  if (!isInteger(decoder)) return [];
  return [
    `${decoder.name || 'the array'} holds integers (${decoder.dtype}): they are uploaded as they are, without any scale`,
  ];
}

/**
 * Refuses a decoder of integers, unless the user names it: they are quantised weights or the bits of floats.
 * Error: format_unsupported.
 */
export function refuseIntegers({ file: { path }, asked }: Weights, decoder: Tensor): void {
  if (asked !== undefined || !isInteger(decoder)) return;
  throw new AppError(
    'format_unsupported',
    `${path}: "${decoder.name}" holds integers (${decoder.dtype}), not weights`,
    {
      hints: [
        'if they are quantised, multiply them by their scales; if they are the bits of bfloat16, in torch: tensor.view(torch.bfloat16); then save float32 or bfloat16',
        `to upload the integers as they are: --tensor ${decoder.name}`,
      ],
      details: { file: path, tensor: decoder.name },
    },
  );
}

/** Whether a tensor is a matrix of integers, and neither of floats nor a mask. */
function isInteger({ dtype, shape }: Tensor): boolean {
  return /^[IU]\d/.test(dtype) && shape.length > 1;
}

/** Refuses 8-bit floats that have a scale tensor beside them: without it they are not the trained weights. */
function refuseScaled({ tensors, path }: TensorFile, { name, dtype }: Tensor): void {
  if (!dtype.startsWith('F8')) return;
  const scale = ['_scale', '_scale_inv', '.scale'].map((suffix) => name + suffix).find((one) => tensors.has(one));
  if (scale === undefined) return;
  throw new AppError(
    'format_unsupported',
    `${path}: "${name}" is ${dtype} and has a separate scale tensor, "${scale}"`,
    {
      hints: [
        'this tool does not apply scales: multiply the tensor by its scale and save the result as float32 or bfloat16',
      ],
      details: { file: path, tensor: name },
    },
  );
}

/** Checks the decoder's size against the config. Error: layout_unknown, with both numbers, if they differ. */
function checkSize(weights: Weights, found: Pick<Matrix, 'rows' | 'width' | 'tensor'>, { says }: Parts): void {
  if (!says) return;
  const { from, features, width } = says;
  const name = found.tensor.name;
  const complaints: string[] = [];
  if (features !== undefined && features !== found.rows) {
    complaints.push(`${from} says ${features} features, ${name} has ${found.rows}`);
  }
  if (width !== undefined && width !== found.width) {
    complaints.push(`${from} says width ${width}, ${name} has ${found.width}`);
  }
  if (complaints.length === 0) return;
  throw new AppError('layout_unknown', `${weights.file.path}: ${complaints.join('; ')}`, {
    hints: ['the two belong to different SAEs, or one of them is damaged'],
    details: { file: weights.file.path, tensor: label(found.tensor) },
  });
}
