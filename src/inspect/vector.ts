import { longestVector } from '../layouts/direction.ts';
import { rowBlocks } from '../tensor/row-blocks.ts';
import { flatRow, label, matrixOf, type Tensor } from '../tensor/tensor.ts';
import type { Finding } from './findings.ts';
import { rowFindings } from './row-findings.ts';
import type { ModelWidth } from './settle.ts';
import { type Spread, startSpread } from './spread.ts';
import { surveyRows, type Watch } from './survey-rows.ts';

/** A single vector: a steering vector, a probe's direction, a bias. */
export interface VectorReport {
  readonly file: string;
  readonly tensor: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly width: number;
  /** How many classes a probe has a direction for. 1 for a yes-or-no probe, and for any other vector. */
  readonly classes: number;
  /** The largest norm if there are several directions. Null if a value is not finite, or the vector is too long. */
  readonly norm: number | null;
  readonly values: Spread | null;
  /** Name of the bias tensor beside it, which makes it a probe. */
  readonly bias: string | null;
  /** Name of the scale tensor beside it: the direction applies to scaled features. */
  readonly scaler: string | null;
  /** Known models whose residual stream is this wide: candidates, not proof. */
  readonly fits: readonly string[];
}

/** Reads a single vector, or a probe's directions (`classes`), and reports what was found. Errors: those of reading. */
export async function inspectVector(
  tensor: Tensor,
  models: readonly ModelWidth[],
  watch: Watch,
  classes: number,
): Promise<{ report: Omit<VectorReport, 'bias' | 'scaler'>; findings: Finding[] }> {
  const matrix = classes > 1 ? matrixOf(tensor, 'rows') : flatRow(tensor);
  const { file, name, dtype, shape } = tensor;
  const { width } = matrix;
  const fits = models.filter(({ dimension }) => dimension === width).map(({ id }) => id);
  const described = { file, tensor: name, dtype, shape, width, classes, fits };
  if (width > longestVector) {
    const message = `${width} values; a vector has at most ${longestVector}`;
    const finding: Finding = { code: 'wrong_width', where: label(tensor), message };
    return { report: { ...described, norm: null, values: null }, findings: [finding] };
  }
  const survey = await surveyRows(matrix, watch);
  const values = startSpread(width * classes);
  const isSound = survey.broken.count === 0;
  if (isSound) {
    for await (const block of rowBlocks(matrix, [[0, classes]])) {
      for (const value of block.values.subarray(0, block.count * block.width)) values.add(value);
    }
  }
  const report = { ...described, norm: isSound ? (survey.norms?.max ?? null) : null, values: values.finish() ?? null };
  return { report, findings: rowFindings(label(tensor), survey) };
}
