import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../errors.ts';
import type { Sum } from './facts.ts';
import type { SparsityScale } from './feature-data.ts';

/** A negative sparsity: the user must say whether it is a logarithm. */
export interface UnknownScale {
  readonly negative: number;
}

/** What is wrong with a value, and which option would fix it. */
export interface FaultToMend {
  readonly text: string;
  readonly hint: string;
}

/** The file in which SAELens leaves the base-10 logarithm of how often each feature fires. */
export const saelensSparsity = 'sparsity.safetensors';

/** Returns the path of that file beside some weights; undefined if there is none. */
export async function sparsityBeside(weights: string): Promise<string | undefined> {
  const path = join(dirname(weights), saelensSparsity);
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? path : undefined;
}

/** SAELens adds this before it takes the logarithm, so that a feature that never fires is at -10. */
const floor = 1e-10;
/** Up to this logarithm a feature is dead. Firing on one token in a hundred billion already gives more. */
const deadBelow = -9.999;

/** Describes what is wrong with a number as such a logarithm. */
export function logFault(log: number): string | undefined {
  // Rounding can make this much of a feature that always fires, whose logarithm is 0.
  return log <= 1e-4 ? undefined : `${log} is not a logarithm of a share of tokens: it is above 0`;
}

/** Converts a base-10 logarithm by SAELens to a share of tokens. */
export function shareOfLog(log: number): number {
  return log <= deadBelow ? 0 : Math.min(1, Math.max(0, 10 ** log - floor));
}

/**
 * Reads a sparsity. A logarithm gives the share of tokens, and whether the feature is dead. Returns what is wrong with the
 * value, or an UnknownScale for a negative one whose scale was not given.
 */
export function readSparsity(
  value: unknown,
  sum: Sum,
  scale: SparsityScale | undefined,
): string | FaultToMend | UnknownScale | undefined {
  if (typeof value !== 'number') return 'is not a number';
  if (value < 0 && scale === undefined) return { negative: value };
  if (scale === 'log10') {
    const fault = logFault(value);
    if (fault !== undefined)
      return { text: fault, hint: 'if its sparsity is not a logarithm: --sparsity-scale linear' };
    // SAELens computes it in single precision. Rounded to that, a number gives the same share from any encoding.
    const share = shareOfLog(Math.fround(value));
    sum.impliedDensity ??= share;
    sum.dead ??= share === 0;
    sum.metadata.set('sparsity', share);
    if (!sum.metadata.has('frequency')) sum.metadata.set('frequency', share);
    return undefined;
  }
  if (!Number.isFinite(value)) return `${value} is not a finite number`;
  sum.metadata.set('sparsity', value);
  return undefined;
}

/** The error for a sparsity of unknown scale, with what it would mean on either. */
export function scaleUnknown(path: string, where: string, { negative: value }: UnknownScale): AppError {
  const percent = (100 * shareOfLog(value)).toPrecision(3);
  const problem = `${where}: sparsity ${value} is negative: is it a logarithm?`;
  return new AppError('record_invalid', `${path}: ${problem}`, {
    details: { file: path, found: value },
    hints: [
      `--sparsity-scale log10: base-10 logarithm of the share of tokens, as SAELens writes it; ${value} is then ${percent} %`,
      `--sparsity-scale linear: not a logarithm; ${value} is sent unchanged`,
    ],
  });
}
