import { AppError } from '../errors.ts';
import type { Sum } from './facts.ts';
import type { SparsityScale } from './feature-data.ts';

/** A negative sparsity: whether it is a logarithm must be said. */
export interface UnknownScale {
  readonly negative: number;
}

/** What is wrong with a value, and the option that mends it. */
export interface FaultToMend {
  readonly text: string;
  readonly hint: string;
}

/** SAELens adds this before it takes the logarithm, so that a feature that never fires is at -10. */
const floor = 1e-10;
/** One token in a hundred billion lies above this. */
const deadBelow = -9.999;

/** What is wrong with a number as such a logarithm, in words. */
export function logFault(log: number): string | undefined {
  // 10^0.0001 is what rounding makes of a feature that always fires.
  return log <= 1e-4 ? undefined : `${log} is no logarithm of a share of tokens: it is above 0`;
}

/** The share of tokens that a base-10 logarithm of SAELens means. */
export function shareOfLog(log: number): number {
  return log <= deadBelow ? 0 : Math.min(1, Math.max(0, 10 ** log - floor));
}

/**
 * Reads a sparsity: what is told as a logarithm becomes the share of tokens, and whether the feature is dead.
 * A negative one whose scale was not told comes back as that.
 */
export function readSparsity(
  value: unknown,
  sum: Sum,
  scale: SparsityScale | undefined,
): string | FaultToMend | UnknownScale | undefined {
  if (typeof value !== 'number') return 'is no number';
  if (value < 0 && scale === undefined) return { negative: value };
  if (scale === 'log10') {
    const fault = logFault(value);
    if (fault !== undefined) return { text: fault, hint: 'if its sparsity is no logarithm: --sparsity-scale linear' };
    // SAELens takes it in single precision: the same number from every encoding is then the same share.
    const share = shareOfLog(Math.fround(value));
    sum.impliedDensity ??= share;
    sum.dead ??= share === 0;
    sum.metadata.set('sparsity', share);
    if (!sum.metadata.has('frequency')) sum.metadata.set('frequency', share);
    return undefined;
  }
  if (!Number.isFinite(value)) return `${value} is no finite number`;
  sum.metadata.set('sparsity', value);
  return undefined;
}

/** The error for such a sparsity: what it would be either way. */
export function scaleUnknown(path: string, where: string, { negative: value }: UnknownScale): AppError {
  const percent = (100 * shareOfLog(value)).toPrecision(3);
  const problem = `${where}: sparsity ${value} is negative: is it a logarithm?`;
  return new AppError('record_invalid', `${path}: ${problem}`, {
    details: { file: path, found: value },
    hints: [
      `--sparsity-scale log10: base-10 logarithm of the share of tokens, as SAELens writes it; ${value} is then ${percent} %`,
      `--sparsity-scale linear: the number itself is meant, and ${value} is sent as it is`,
    ],
  });
}
