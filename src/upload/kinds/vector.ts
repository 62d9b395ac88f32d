import { type Dashboard, dashboardFields } from '../../dashboards/dashboard.ts';
import { openDashboards } from '../../dashboards/open.ts';
import { AppError } from '../../errors.ts';
import type { TensorFile } from '../../formats/format.ts';
import { describe, namedTensor } from '../../layouts/bare.ts';
import { neuronpediaModelId } from '../../layouts/model-names.ts';
import { isFloat } from '../../tensor/dtype.ts';
import { countRows } from '../../tensor/ranges.ts';
import { rowBlocks } from '../../tensor/row-blocks.ts';
import { elementCount, flatRow, inMemory, label, type Matrix, type Tensor } from '../../tensor/tensor.ts';
import { checkRows } from '../check-rows.ts';
import { checkLayer, findModel } from '../destination.ts';
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
  /** A `.jsonl` of texts on which the vector was measured. */
  readonly activations?: string;
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
  /** Activations that go in a request of their own, once the vector has a name. */
  readonly later: Dashboard | undefined;
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
  const dashboard = await readDashboard(options, model.id);
  const { blocks } = await checkRows(matrix, [[0, 1]], () => undefined);
  const hashes = await hashRows(matrix, [[0, 1]]);
  const destination: VectorDestination = {
    modelId: model.id,
    layer: options.layer,
    hookType: options.hook === 'resid-pre' ? 'hook_resid_pre' : 'hook_resid_post',
    strength: options.strength,
    fields: dashboard && server.capabilities.storesVectors ? dashboardFields(dashboard) : '',
    label: () => options.name,
    hashes,
  };
  const { name } = options;
  const later = server.capabilities.storesVectors ? undefined : dashboard;
  return {
    later,
    matrix,
    destination,
    name,
    vectorHash: hashes(0).exact,
    modelLayers: model.layers,
    isNewModel,
    blocks,
  };
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

/** The one record of activations that belongs to a vector. Error: layout_unknown where the file is of several features. */
async function readDashboard({ activations, layer }: VectorOptions, model: string): Promise<Dashboard | undefined> {
  if (activations === undefined) return undefined;
  const isModel = (name: string) => name === model || neuronpediaModelId(name) === model;
  const source = await openDashboards(activations, { model, layer, isModel, onlyIndex: 0 });
  try {
    const [first] = source.features;
    if (first && countRows(source.features) === 1) return await source.read(first[0]);
    throw new AppError(
      'layout_unknown',
      `${activations}: holds activations of ${countRows(source.features)} features; a vector has one`,
    );
  } finally {
    await source.close();
  }
}
