import { AppError } from '../errors.ts';
import type { Sae, SaeKind } from '../layouts/sae.ts';

/** Where one head of a crosscoder belongs, as given with `--head`. */
export interface HeadPlace {
  readonly index: number;
  readonly model: string;
  readonly layer: number;
}

/** Returns which head an SAE is, if any. A plain matrix that was called a crosscoder has a single head. */
export function headOf(sae: Sae, kind: SaeKind | undefined): Sae['head'] {
  return sae.head ?? (kind === 'crosscoder' ? { index: 0, of: 1 } : undefined);
}

/** Returns what `--head` says about this head, if anything. */
export function saidOfHead(
  sae: Sae,
  kind: SaeKind | undefined,
  heads: readonly HeadPlace[] | undefined,
): HeadPlace | undefined {
  const head = headOf(sae, kind);
  return head && heads?.find(({ index }) => index === head.index);
}

/** Checks `--head`. Errors: usage if a head is given twice, if no SAE has it, or if there are no heads at all. */
export function checkHeads(saes: readonly Sae[], kind: SaeKind | undefined, heads: readonly HeadPlace[]): void {
  const most = Math.max(0, ...saes.map((sae) => headOf(sae, kind)?.of ?? 0));
  for (const [i, { index }] of heads.entries()) {
    if (heads.findIndex((other) => other.index === index) !== i) {
      throw new AppError('usage', `--head ${index} is given twice`, { hints: ['a head goes to one model and layer'] });
    }
    if (index < most) continue;
    const has = most === 0 ? 'none of the SAEs found has heads' : `the heads are 0 to ${most - 1}`;
    throw new AppError('usage', `--head ${index}: there is no such head; ${has}`, {
      hints: most === 0 ? ['with --kind crosscoder, a 2-D matrix counts as a single head'] : ['heads count from 0'],
    });
  }
}
