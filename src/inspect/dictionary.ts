import { describe } from '../layouts/describe.ts';
import { widestVector } from '../layouts/orientation.ts';
import { headText, type Known, type Sae } from '../layouts/sae.ts';
import { label, type Matrix, matrixOf, type Orientation } from '../tensor/tensor.ts';
import type { Finding } from './findings.ts';
import { type Firing, readFiring } from './firing.ts';
import { rowFindings } from './row-findings.ts';
import { type ModelWidth, residualWidth, settleOrientation } from './settle.ts';
import { type RowSurvey, surveyRows, type Watch } from './survey-rows.ts';
import { type UploadCost, uploadCost } from './upload-cost.ts';

/** An SAE, transcoder or slab of a crosscoder: how the tool reads it, and what its rows are like. */
export interface SaeReport {
  readonly path: string;
  readonly file: string;
  readonly layout: string;
  readonly kind: Sae['kind'];
  readonly head: { readonly index: number; readonly of: number } | null;
  readonly tensor: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly orientation: Orientation;
  /** What proves the orientation. Null if it is only assumed. */
  readonly orientationFrom: string | null;
  readonly features: number;
  readonly width: number;
  readonly model: Known<string> | null;
  readonly layer: Known<number> | null;
  readonly hook: Known<string> | null;
  readonly hookIn: Known<string> | null;
  readonly neuronpediaId: string | null;
  readonly facts: Sae['facts'];
  /** Known models whose residual stream is this wide: candidates, not proof. */
  readonly fits: readonly string[];
  /** Null if the matrix is empty, or too wide to be real. */
  readonly survey: RowSurvey | null;
  readonly firing: Firing | null;
  readonly cost: UploadCost;
}

/** Options for inspecting an SAE. */
export interface DictionaryOptions {
  readonly orientation?: Orientation;
  readonly models: readonly ModelWidth[];
  readonly watch: Watch;
}

/** Reads an SAE's rows once and reports what was found. Errors: those of reading. */
export async function inspectDictionary(
  sae: Sae,
  { orientation: said, models, watch }: DictionaryOptions,
): Promise<{ report: SaeReport; findings: Finding[] }> {
  const orientation = settleOrientation(sae, said, models);
  const matrix = matrixOf(sae.decoder, orientation.value);
  const findings = placeFindings(sae, matrix, orientation.from === null, models);
  const readable = matrix.rows > 0 && matrix.width > 0 && matrix.width <= widestVector;
  const survey = readable ? await surveyRows(matrix, watch) : null;
  if (survey) findings.push(...rowFindings(label(sae.decoder) + headText(sae.head), survey));
  const firing = await readFiring(sae, matrix.rows);
  if (firing && 'code' in firing) findings.push(firing);
  const report = {
    ...describeSae(sae),
    orientation: orientation.value,
    orientationFrom: orientation.from,
    features: matrix.rows,
    width: matrix.width,
    fits: models.filter(({ dimension }) => dimension === matrix.width).map(({ id }) => id),
    survey,
    firing: firing && 'dead' in firing ? firing : null,
    cost: uploadCost(matrix.rows, matrix.width),
  };
  return { report, findings };
}

function describeSae(sae: Sae) {
  const { path, layout, kind, decoder, facts, model, layer, hook, hookIn, head, neuronpediaId } = sae;
  return {
    path,
    file: sae.file.path,
    layout,
    kind,
    head: head ?? null,
    tensor: decoder.name,
    dtype: decoder.dtype,
    shape: decoder.shape,
    model: model ?? null,
    layer: layer ?? null,
    hook: hook ?? null,
    hookIn: hookIn ?? null,
    neuronpediaId: neuronpediaId ?? null,
    facts,
  };
}

/** Returns what is wrong with the matrix as a whole, or could not be determined. */
function placeFindings(sae: Sae, matrix: Matrix, isAssumed: boolean, models: readonly ModelWidth[]): Finding[] {
  const where = label(sae.decoder);
  const [height, breadth] = sae.decoder.shape;
  if (height === 0 || breadth === 0) {
    return [{ code: 'layout_unknown', where, message: `is empty: shape [${sae.decoder.shape}]` }];
  }
  const findings: Finding[] = (sae.doubts ?? []).map((message) => ({ code: 'doubtful', where, message }));
  if (isAssumed) {
    findings.push({
      code: 'orientation_unknown',
      where,
      message: `cannot tell which axis of ${describe(sae.decoder)} counts features`,
      hint: `--orientation rows: ${height} features of ${breadth} values; --orientation columns: ${breadth} features of ${height}; an upload can also derive it from the width of its --model`,
    });
  }
  const model = residualWidth(sae, models);
  if (model && model.dimension !== matrix.width) {
    const message = `vectors have ${matrix.width} values; ${model.id} is ${model.dimension} wide`;
    findings.push({ code: 'wrong_width', where, message, hint: 'check model, hook and --orientation' });
  }
  if (matrix.width > widestVector) {
    findings.push({ code: 'wrong_width', where, message: `vectors of ${matrix.width} values; no model is that wide` });
  }
  return findings;
}
