import { type Inspection, type InspectOptions, inspectPath } from '../../src/inspect/inspect.ts';
import { type RowSurvey, surveyRows, type Watch } from '../../src/inspect/survey-rows.ts';
import { matrixOf, type Orientation } from '../../src/tensor/tensor.ts';
import { npyImage, opened, tempFolder, writeFiles } from '../fixtures.ts';

/** A watch that never stops the survey and reports nothing. */
export const quietWatch: Watch = { signal: new AbortController().signal, onRows: () => undefined };

/** The models that these tests know, each with its own width. */
export const models = [
  { id: 'four-wide', dimension: 4 },
  { id: 'tiny-kjv-4l', dimension: 64 },
  { id: 'gpt2-small', dimension: 768 },
];

export function inspected(path: string, options: Partial<InspectOptions> = {}): Promise<Inspection> {
  return inspectPath(path, { models, watch: quietWatch, ...options });
}

/** Writes rows as an .npy file that exists until the test ends, and returns its path. */
export async function npyOf(rows: readonly (readonly number[])[], type: '<f4' | '<f8' = '<f4'): Promise<string> {
  const values = type === '<f4' ? Float32Array.from(rows.flat()) : Float64Array.from(rows.flat());
  const folder = await tempFolder();
  const shape = [rows.length, rows[0]?.length ?? 0];
  await writeFiles(folder, { 'rows.npy': npyImage(type, false, shape, new Uint8Array(values.buffer)) });
  return `${folder}/rows.npy`;
}

/** Surveys the first matrix of a file, or the tensor that is named. */
export async function surveyed(path: string, orientation: Orientation = 'rows', name?: string): Promise<RowSurvey> {
  const { tensors } = await opened(path);
  const tensor = name === undefined ? [...tensors.values()].find(({ shape }) => shape.length === 2) : tensors.get(name);
  if (!tensor) throw new Error(`no such tensor in ${path}`);
  return surveyRows(matrixOf(tensor, orientation), quietWatch);
}
