import { AppError } from '../errors.ts';
import { neuronpediaModelId } from '../layouts/model-names.ts';
import type { ModelRecord, Server } from './server.ts';

/**
 * Returns the server's record of a model or, if it has none and `createLayers` is given, one that is still to be created.
 * Errors: unknown_model with the ids that may have been meant.
 */
export async function findModel(
  server: Server,
  id: string,
  createLayers: number | undefined,
): Promise<{ record: ModelRecord; isNew: boolean }> {
  const known = await server.getModel(id);
  if (known) return { record: known, isNew: false };
  if (createLayers !== undefined) return { record: { id, layers: createLayers, dimension: null }, isNew: true };
  const others = (await server.listModels()).map((model) => model.id);
  const near = nearest(id, others);
  throw new AppError('unknown_model', `the server knows no model "${id}"`, {
    hints: [
      ...(near.length > 0 ? [`did you mean ${near.join(' or ')}?`] : []),
      'to create a model of your own, add --create-model with its number of layers',
    ],
    details: { found: id, candidates: near },
  });
}

/** Checks that a model has this layer, counted from 0. Errors: layer_out_of_range. */
export function checkLayer(record: ModelRecord, layer: number): void {
  if (Number.isInteger(layer) && layer >= 0 && layer < record.layers) return;
  throw new AppError(
    'layer_out_of_range',
    `layer ${layer} does not exist: ${record.id} has ${record.layers} layers, 0 to ${record.layers - 1}`,
    {
      hints: ['layers count from 0: the last one is the number of layers less one'],
      details: { found: layer, expected: `0-${record.layers - 1}` },
    },
  );
}

/** Returns up to three names that look like the one typed. */
function nearest(id: string, names: readonly string[]): string[] {
  const wanted = neuronpediaModelId(id);
  if (names.includes(wanted)) return [wanted];
  const scored = names.map((name) => ({ name, score: similarity(id.toLowerCase(), name) }));
  return scored
    .filter(({ score }) => score >= 0.5)
    .sort((a, b) => b.score - a.score)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Returns the share of letter pairs that two names have in common (Dice's coefficient), 0 to 1. */
function similarity(a: string, b: string): number {
  const pairs = (text: string) =>
    new Set(Array.from({ length: Math.max(0, text.length - 1) }, (_, i) => text.slice(i, i + 2)));
  const [left, right] = [pairs(a), pairs(b)];
  const shared = [...left].filter((pair) => right.has(pair)).length;
  return left.size + right.size === 0 ? 0 : (2 * shared) / (left.size + right.size);
}
