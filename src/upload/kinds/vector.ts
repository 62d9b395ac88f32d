import { createHash } from 'node:crypto';
import { AppError } from '../../errors.ts';
import type { TensorFile } from '../../formats/format.ts';
import { describe, namedTensor } from '../../layouts/bare.ts';
import { isFloat } from '../../tensor/dtype.ts';
import { rowBlocks } from '../../tensor/row-blocks.ts';
import { elementCount, flatRow, inMemory, label, type Matrix, type Tensor } from '../../tensor/tensor.ts';
import { checkRows } from '../check-rows.ts';
import { checkLayer, findModel } from '../destination.ts';
import { type JobReport, runJob, type UploadRun } from '../run-job.ts';
import type { Server, VectorDestination } from '../server.ts';
import { hashRows } from './row-hashes.ts';
import { wrongWidth } from './sae-matrix.ts';
import { refuseWithoutWidth } from './sae-vectors.ts';

export interface VectorOptions {
  readonly model: string;
  readonly layer: number;
  readonly hook: 'resid-pre' | 'resid-post';
  readonly name: string;
  readonly strength: number;
  readonly createModel?: number;
}

/** The tensor in a file that is a single vector. Errors: tensor_not_found, layout_unknown with the candidates. */
export function pickVector(file: TensorFile, name: string | undefined): Tensor {
  if (name !== undefined) return asVector(namedTensor(file, name));
  const floats = [...file.tensors.values()].filter((tensor) => isFloat(tensor.dtype));
  const vectors = floats.filter(isSingleVector);
  const only = vectors.length === 1 ? vectors[0] : undefined;
  if (only) return only;
  if (floats.length === 1) return asVector(floats[0] as Tensor);
  const all = [...file.tensors.values()].map(describe).join(', ') || 'none';
  const problem = vectors.length === 0 ? 'holds no single vector' : 'holds more than one vector';
  throw new AppError('layout_unknown', `${file.path}: ${problem}`, {
    hints: [`say which with --tensor NAME; it holds: ${all}`],
  });
}

function isSingleVector(tensor: Tensor): boolean {
  const long = tensor.shape.filter((length) => length !== 1);
  return tensor.shape.length >= 1 && long.length <= 1 && elementCount(tensor.shape) > 0;
}

function asVector(tensor: Tensor): Tensor {
  if (isSingleVector(tensor)) return tensor;
  throw new AppError('layout_unknown', `${label(tensor)}: expected one vector, found ${describe(tensor)}`, {
    hints: ['every row of a matrix is uploaded with: neuronpedia upload-sae'],
  });
}

/** A vector that has passed every check: ready to be sent. */
export interface PreparedVector {
  readonly matrix: Matrix;
  readonly destination: VectorDestination;
  readonly name: string;
  readonly vectorHash: string;
  readonly modelLayers: number;
  readonly isNewModel: boolean;
  readonly blocks: ReadonlyMap<number, string>;
}

/** Checks a vector against the model that it is for. Errors: all of exit code 6, and those of asking the server. */
export async function prepareVector(
  file: TensorFile,
  tensor: Tensor,
  options: VectorOptions,
  server: Server,
): Promise<PreparedVector> {
  const { record: model, isNew: isNewModel } = await findModel(server, options.model, options.createModel);
  checkLayer(model, options.layer);
  refuseWithoutWidth(model, server);
  const matrix = await wholeVector(file, tensor);
  if (model.dimension !== null && matrix.width !== model.dimension) {
    throw wrongWidth(label(tensor), matrix.width, model.dimension, model.id, tensor.shape);
  }
  const blocks = await checkRows(matrix, [[0, 1]], () => undefined);
  const hashes = await hashRows(matrix, [[0, 1]]);
  const destination: VectorDestination = {
    modelId: model.id,
    layer: options.layer,
    hookType: options.hook === 'resid-pre' ? 'hook_resid_pre' : 'hook_resid_post',
    strength: options.strength,
    label: () => options.name,
    hashes,
  };
  const { name } = options;
  return { matrix, destination, name, vectorHash: hashes(0).exact, modelLayers: model.layers, isNewModel, blocks };
}

/** The longest vector that any server takes. */
const longestVector = 24_576;

/** A whole vector in memory, through the format's own library where it has one for this array. */
async function wholeVector(file: TensorFile, tensor: Tensor): Promise<Matrix> {
  const width = elementCount(tensor.shape);
  if (width > longestVector) {
    throw new AppError('wrong_width', `${label(tensor)}: ${width} values; a vector has at most ${longestVector}`);
  }
  const values = (await file.readWhole?.(tensor)) ?? (await readFlat(tensor));
  return flatRow({ ...tensor, ...inMemory(values) });
}

async function readFlat(tensor: Tensor): Promise<Float32Array> {
  for await (const { values, width } of rowBlocks(flatRow(tensor), [[0, 1]])) return values.slice(0, width);
  return new Float32Array(0);
}

/** Sends a prepared vector, or finds that an earlier run of the same request did. Errors: those of `runJob`. */
export async function sendVector(prepared: PreparedVector, run: UploadRun): Promise<JobReport> {
  const { matrix, destination, name, vectorHash, blocks } = prepared;
  const { modelId, layer, hookType, strength } = destination;
  if (prepared.isNewModel) await run.server.createModel(modelId, prepared.modelLayers);
  const request = JSON.stringify([modelId, layer, hookType, strength, name, vectorHash]);
  const digest = createHash('sha256').update(request).digest('hex');
  return runJob({
    ...run,
    title: `${name} (${modelId}, layer ${layer})`,
    identity: { model: modelId, source: `${layer}-${hookType}`, as: 'vector', request: digest },
    matrix,
    planned: [[0, 1]],
    blocks,
    fields: digest,
    delivery: run.server.vectors(destination),
    isNew: prepared.isNewModel,
  });
}
