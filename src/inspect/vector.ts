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
  /** Of a probe how many classes it tells apart, each by a direction of its own: 1 for yes or no, and for any other vector. */
  readonly classes: number;
  /** The largest where there are several. Null where a value is not finite, or there are too many to be a vector. */
  readonly norm: number | null;
  readonly values: Spread | null;
  /** Tensor of the bias beside it, which makes it a probe. */
  readonly bias: string | null;
  /** Tensor of the scaler beside it: the direction is one of scaled features. */
  readonly scaler: string | null;
  /** Models whose residual stream is this wide: it may be of one of them, and can be of no other. */
  readonly fits: readonly string[];
}

/** Reads a single vector, or the directions of a probe (`classes`), and says what was found. Errors: those of reading. */
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
