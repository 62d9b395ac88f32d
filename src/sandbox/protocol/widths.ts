import type { ModelRecord } from '../records/models.ts';
import { refuse } from './refusal.ts';

/** What these rules need to know about a model. */
type ModelShape = Pick<ModelRecord, 'id' | 'dimension'>;

// Hooks on the residual stream, or writing to it, have its width. Others (hook_z, neurons, …) have their own.
const RESIDUAL = /resid|mlp_out|attn_out/;

const GEMMA_2_2B = /^gemma-2-2b(-it)?$/;

function mismatch(expected: number, found: number, of: string, path: string, note = ''): never {
  const message = `vector has ${found} values, expected ${expected}: ${of}${note}`;
  refuse(400, 'invalid_vector_dimension', message, { path });
}

function residualNote({ id }: ModelShape, found: number): string {
  if (!GEMMA_2_2B.test(id) || found !== 2048) return '';
  return "; 2048 is the width of gemma-2b, and of gemma-2-2b's attention z";
}

/**
 * Refuses a vector that does not fit its place, with 400 `invalid_vector_dimension`. Residual-stream hooks, and rows without
 * a hook, have the model's width if it is recorded. All others may have any width, but the same one within a source.
 */
export function requireWidth(
  found: number,
  place: { model: ModelShape; hookName: string | null; sourceWidth: number | undefined; path: string },
): void {
  const { model, hookName, sourceWidth, path } = place;
  const { dimension } = model;
  if (dimension !== null && found !== dimension && RESIDUAL.test(hookName ?? 'resid')) {
    mismatch(dimension, found, `${model.id}'s residual stream is ${dimension} wide`, path, residualNote(model, found));
  }
  if (sourceWidth !== undefined && found !== sourceWidth) {
    mismatch(sourceWidth, found, 'the width of the other vectors of this source', path);
  }
}
