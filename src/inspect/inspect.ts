import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { batchFiles } from '../dashboards/sae-dashboard.ts';
import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { openTensorFile } from '../formats/open.ts';
import { namedTensor } from '../layouts/bare.ts';
import { isSingle } from '../layouts/direction.ts';
import { findSaes } from '../layouts/find.ts';
import { listFolder, weightFile } from '../layouts/folder.ts';
import { biasNameOf } from '../layouts/probe.ts';
import { bareLayout, type Sae } from '../layouts/sae.ts';
import { findScaler } from '../layouts/scaler.ts';
import { isFloat } from '../tensor/dtype.ts';
import { elementCount, quoted, type Tensor } from '../tensor/tensor.ts';
import { type DashboardReport, inspectDashboards } from './dashboards.ts';
import { type DictionaryOptions, inspectDictionary, type SaeReport } from './dictionary.ts';
import { type FileReport, reportFile } from './file-report.ts';
import { addProblem, type Finding, findingOf } from './findings.ts';
import { holdsVectors } from './holds-vectors.ts';
import { inspectVector, type VectorReport } from './vector.ts';

/** Everything that was found under a path. Plain data that can be printed as JSON unchanged. */
export interface Inspection {
  readonly path: string;
  readonly files: readonly FileReport[];
  readonly saes: readonly SaeReport[];
  readonly vectors: readonly VectorReport[];
  readonly activations: DashboardReport | null;
  readonly findings: readonly Finding[];
}

export interface InspectOptions extends DictionaryOptions {
  readonly tensor?: string;
  /** Which axis of a 3-D decoder counts heads. */
  readonly headAxis?: 'first' | 'middle';
}

type Found = { -readonly [K in keyof Inspection]: Inspection[K] extends readonly (infer T)[] ? T[] : Inspection[K] };

/**
 * Inspects a weight file, a folder of SAEs or of weight files, or examples of activations, without using the network.
 * What cannot be determined and what is wrong with values become findings. What cannot be read at all is an error, as
 * for uploads.
 */
export async function inspectPath(path: string, options: InspectOptions): Promise<Inspection> {
  const found: Found = { path, files: [], saes: [], vectors: [], activations: null, findings: [] };
  const at = await stat(path).catch(() => undefined);
  const isFolder = at?.isDirectory() ?? false;
  const holdsExamples = async () => /\.(jsonl|ndjson)$/i.test(path) && !(await holdsVectors(path));
  if (isFolder ? (await batchFiles(path)).length > 0 : await holdsExamples()) {
    await addDashboards(found, path);
  } else if (isFolder) {
    await addFolder(found, path, options);
  } else {
    await addFile(found, path, options);
  }
  return found;
}

async function addDashboards(found: Found, path: string): Promise<void> {
  const { report, findings } = await inspectDashboards(path);
  found.activations = report;
  found.findings.push(...findings);
}

/** Adds a folder's SAEs or, if it holds none, the weight files directly in it. */
async function addFolder(found: Found, path: string, options: InspectOptions): Promise<void> {
  try {
    const saes = await findSaes(path, options, ({ message }) =>
      found.findings.push({ code: 'left_out', where: path, message }),
    );
    return await addSaes(found, saes, options);
  } catch (error) {
    const files = await weightFiles(path);
    if (!isOfFormat(error) || files.length === 0) throw error;
    // What is about a file is found again in that file.
    if (error.code === 'format_unsupported' && error.details.file === path) found.findings.push(findingOf(error, path));
    for (const file of files) await addFileOfMany(found, file, options);
  }
}

/** Adds one of several files. If it cannot be read, that becomes a finding and does not hide the others. */
async function addFileOfMany(found: Found, path: string, options: InspectOptions): Promise<void> {
  try {
    await addFile(found, path, options);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    found.findings.push({ ...findingOf(error, path), fatal: true });
  }
}

/** Adds a weight file: its SAEs, else its tensors and single vectors, else its tensors and why it is not an SAE. */
async function addFile(found: Found, path: string, options: InspectOptions): Promise<void> {
  const file = await openTensorFile(path);
  try {
    const { saes, problem } = await saesOf(path, options);
    if (saes.length > 0) return await addSaes(found, saes, options);
    await addFileReport(found, file);
    const vectors = vectorsOf(file, options.tensor);
    for (const tensor of vectors) {
      const { report, findings } = await inspectVector(tensor, options.models, options.watch, classesOf(file, tensor));
      const bias = biasOf(file, tensor)?.name ?? null;
      const scaler = bias === null ? null : (findScaler(file, tensor)?.scale.name ?? null);
      found.vectors.push({ ...report, bias, scaler });
      found.findings.push(...findings);
    }
    if (problem && (vectors.length === 0 || problem.code === 'format_unsupported'))
      addProblem(found.findings, findingOf(problem, path));
  } finally {
    await file.close();
  }
}

/** Returns the SAEs of one file, still open. A single vector in a matrix of one row is not an SAE, nor is a probe. */
async function saesOf(path: string, options: InspectOptions): Promise<{ saes: Sae[]; problem?: AppError }> {
  try {
    const saes = await findSaes(path, options);
    const isVector = (file: TensorFile, tensor: Tensor) => isSingle(tensor) || classesOf(file, tensor) > 1;
    if (!saes.every(({ layout, file, decoder }) => layout === bareLayout && isVector(file, decoder))) return { saes };
    await closeAll(saes);
    return { saes: [] };
  } catch (error) {
    // The file itself could be opened, so only a part of it is unsupported.
    if (isOfFormat(error)) return { saes: [], problem: error };
    throw error;
  }
}

async function addSaes(found: Found, saes: readonly Sae[], options: InspectOptions): Promise<void> {
  try {
    // The slabs of a crosscoder share one file.
    for (const file of new Set(saes.map((sae) => sae.file))) await addFileReport(found, file);
    for (const sae of saes) {
      const { report, findings } = await inspectDictionary(sae, options);
      found.saes.push(report);
      found.findings.push(...findings);
    }
  } finally {
    await closeAll(saes);
  }
}

async function addFileReport(found: Found, file: TensorFile): Promise<void> {
  const report = await reportFile(file);
  found.files.push(report);
  for (const { name, reason } of report.undecodable) {
    const message = `${quoted(name)} cannot be read: ${reason}`;
    found.findings.push({ code: 'undecodable', where: file.path, message });
  }
}

async function closeAll(saes: readonly Sae[]): Promise<void> {
  for (const file of new Set(saes.map((sae) => sae.file))) await file.close();
}

/** Returns a file's single vectors or probes. None if it also holds matrices, unless a tensor is asked for by name. */
function vectorsOf(file: TensorFile, name: string | undefined): Tensor[] {
  const ofClasses = (tensor: Tensor) => classesOf(file, tensor) > 1;
  if (name !== undefined) return [namedTensor(file, name)].filter((tensor) => isSingle(tensor) || ofClasses(tensor));
  const tensors = [...file.tensors.values()].filter(({ dtype }) => isFloat(dtype));
  if (tensors.some(ofClasses)) return tensors.filter(ofClasses);
  if (!tensors.every((tensor) => isSingle(tensor) || tensor.shape.length < 2)) return [];
  const vectors = tensors.filter(isSingle);
  const probes = vectors.filter((tensor) => biasOf(file, tensor));
  if (probes.length > 0) return probes;
  // One number beside a vector is its bias or scale.
  const long = vectors.filter(({ shape }) => elementCount(shape) > 1);
  return long.length > 0 ? long : vectors;
}

/** Returns the bias that scikit-learn or torch stores beside a probe of this name. */
function biasOf(file: TensorFile, { name }: Tensor): Tensor | undefined {
  const bias = biasNameOf(name);
  return bias === undefined ? undefined : file.tensors.get(bias);
}

/** More classes than a torch probe has, and less than the width of any decoder. */
const mostClasses = 64;

/** Number of classes of a probe with a row and a bias for each; else 1. A torch layer of many rows may be a decoder. */
function classesOf(file: TensorFile, tensor: Tensor): number {
  const [rows = 1, width = 1] = tensor.shape;
  const bias = biasOf(file, tensor);
  const isLayer = /(^|\.)weight$/.test(tensor.name) && !/(en|de)coder/.test(tensor.name);
  const isProbe = /coef_?$/.test(tensor.name) || (isLayer && rows < mostClasses);
  const hasAll = tensor.shape.length === 2 && width > 1 && bias !== undefined && elementCount(bias.shape) === rows;
  return isProbe && hasAll ? rows : 1;
}

/** Whether a file or folder could be read, but not what it is meant to be, or not all of it. */
function isOfFormat(error: unknown): error is AppError {
  return error instanceof AppError && ['layout_unknown', 'format_unsupported'].includes(error.code);
}

async function weightFiles(folder: string): Promise<string[]> {
  const { names } = await listFolder(folder);
  return names.filter((name) => weightFile.test(name)).map((name) => join(folder, name));
}
