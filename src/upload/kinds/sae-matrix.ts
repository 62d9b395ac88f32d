import { AppError } from '../../errors.ts';
import { describe } from '../../layouts/describe.ts';
import { parseHook } from '../../layouts/hook.ts';
import { orientationFromWidth, widestVector } from '../../layouts/orientation.ts';
import type { Known, Sae } from '../../layouts/sae.ts';
import { label, type Matrix, matrixOf, type Orientation } from '../../tensor/tensor.ts';
import type { ModelRecord } from '../server.ts';
import { widthHints } from './width-hints.ts';

/** A decoder in its proper orientation, and how that was found out. */
export interface SettledMatrix {
  readonly matrix: Matrix;
  readonly orientation: Known<Orientation>;
}

/**
 * Settles which axis of a decoder counts features, from what was said, its files, or the width of the model's residual
 * stream, and checks the width. Errors: orientation_unknown, wrong_width, layout_unknown.
 */
export function settleMatrix(
  sae: Sae,
  said: Orientation | undefined,
  model: ModelRecord,
  hook: string | undefined,
): SettledMatrix {
  const residual = hook === undefined || parseHook(hook).residual;
  const width = residual ? model.dimension : null;
  const orientation = settle(sae, said, width, model.id);
  const matrix = matrixOf(sae.decoder, orientation.value);
  if (matrix.rows === 0 || matrix.width === 0) {
    throw new AppError('layout_unknown', `${label(sae.decoder)}: is empty: shape [${sae.decoder.shape}]`);
  }
  if (matrix.width > widestVector) {
    throw new AppError(
      'wrong_width',
      `${label(sae.decoder)}: vectors of ${matrix.width} values; no model is that wide`,
    );
  }
  if (width !== null && matrix.width !== width)
    throw wrongWidth(label(sae.decoder), matrix.width, width, model.id, sae.decoder.shape);
  return { matrix, orientation };
}

function settle(sae: Sae, said: Orientation | undefined, width: number | null, modelId: string): Known<Orientation> {
  if (said !== undefined) return { value: said, from: '--orientation' };
  if (sae.orientation) return sae.orientation;
  const { decoder } = sae;
  if (width !== null) {
    const proven = orientationFromWidth(decoder, width, `${modelId} is ${width} wide`);
    if (proven) return proven;
    if (!decoder.shape.includes(width)) {
      throw wrongWidth(label(decoder), undefined, width, modelId, decoder.shape);
    }
  }
  const [height, breadth] = decoder.shape;
  const why = height === breadth ? 'it is square' : `the width of ${modelId} at this hook is not known`;
  throw new AppError(
    'orientation_unknown',
    `${label(decoder)}: cannot tell which axis of ${describe(decoder)} counts features: ${why}`,
    {
      hints: [
        `--orientation rows: ${height} features of ${breadth} values; --orientation columns: ${breadth} features of ${height}`,
      ],
      details: { file: decoder.file, tensor: decoder.name, shape: decoder.shape },
    },
  );
}

/** The error for vectors that do not fit the model, with hints at the mistakes that usually cause it. */
export function wrongWidth(
  where: string,
  found: number | undefined,
  expected: number,
  modelId: string,
  shape: readonly number[],
  isDirection = false,
): AppError {
  const has = found === undefined ? `shape [${shape}] has no axis of ${expected}` : `vectors have ${found} values`;
  return new AppError('wrong_width', `${where}: invalid vector dimension: ${has}; ${modelId} is ${expected} wide`, {
    hints: widthHints(found, expected, modelId, shape, isDirection),
    details: { found: found ?? shape, expected, model: modelId },
  });
}
