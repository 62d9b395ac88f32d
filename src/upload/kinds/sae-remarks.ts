import { isAttentionZ, isElsewhere, parseHook } from '../../layouts/hook.ts';
import { bareLayout } from '../../layouts/sae.ts';
import type { PlacedSae } from './prepared-sae.ts';

/** Returns signs that an SAE is not what a person takes it for, to be shown together with its destination. */
export function remarksOn({
  sae,
  place,
  model,
  matrix,
}: Pick<PlacedSae, 'sae' | 'place' | 'model' | 'matrix'>): string[] {
  const remarks: string[] = [...(sae.doubts ?? [])];
  if (sae.layout === bareLayout && matrix.width === model.dimension) {
    const { rows } = matrix;
    if (rows === model.layers)
      remarks.push(
        `${rows} rows, and ${model.id} has as many layers: are these one vector per layer rather than features?`,
      );
    if (rows === model.layers + 1) {
      remarks.push(
        `${rows} rows, one more than ${model.id} has layers: hidden states, not features? Row r is then resid_post of block r - 1`,
      );
    }
  }
  const { hook } = place;
  if (hook && !parseHook(hook.value).residual) {
    const isWide = matrix.width === model.dimension;
    const what = isAttentionZ(hook.value) ? "the attention heads' outputs side by side" : 'a different space';
    if (isElsewhere(hook.value) && isWide) {
      remarks.push(
        `the same width as ${model.id}'s residual stream, but only by coincidence: ${hook.value} is ${what}, so these are not steering directions`,
      );
    } else if (!isElsewhere(hook.value) && !isWide && model.dimension !== null) {
      remarks.push(
        `${matrix.width} values per row, while ${model.id} is ${model.dimension} wide: the width at ${hook.value} is not known, so it was not checked`,
      );
    }
  }
  if (hook?.from.startsWith('--hook') && sae.hook && sae.hook.value !== hook.value) {
    remarks.push(`its files say ${sae.hook.value} (${sae.hook.from}); ${hook.from} was taken`);
  }
  return remarks;
}
