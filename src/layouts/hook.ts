/** Where a direction lives, read out of a hook's name. */
export interface HookPoint {
  /** Number of the block, where the name says one. */
  readonly layer?: number;
  /** Whether directions there have the width of the residual stream: what is written to it, or is it. */
  readonly residual: boolean;
}

/** Points of TransformerLens whose values are as wide as the model. */
const residualPoint = /hook_(resid_(pre|mid|post)|mlp_out|attn_out)$/;

/**
 * Reads a TransformerLens hook name (`blocks.12.hook_resid_post`) or a module path of torch (`model.layers.12`, `h.3.mlp`).
 * A bare module path of a block means its output, the residual stream after it.
 */
export function parseHook(name: string): HookPoint {
  const transformerLens = /^blocks\.(\d+)\./.exec(name);
  if (transformerLens) return { layer: Number(transformerLens[1]), residual: residualPoint.test(name) };
  const torch = /(?:^|\.)(?:layers|h)\.(\d+)(\.[\w.]+)?$/.exec(name);
  if (torch) return { layer: Number(torch[1]), residual: torch[2] === undefined };
  return { residual: residualPoint.test(name) };
}

/** Short forms that people type for `--hook`. */
const shortHooks: ReadonlyMap<string, string> = new Map([
  ['resid-pre', 'hook_resid_pre'],
  ['resid-mid', 'hook_resid_mid'],
  ['resid-post', 'hook_resid_post'],
  ['mlp-out', 'hook_mlp_out'],
  ['attn-out', 'hook_attn_out'],
  ['z', 'attn.hook_z'],
]);

/** The full hook name for what was typed: `resid-post` at layer 6 is `blocks.6.hook_resid_post`; full names stay. */
export function expandHook(typed: string, layer: number | undefined): string {
  const point = shortHooks.get(typed) ?? (/^(?:[a-z0-9]+\.)?hook_\w+$/.test(typed) ? typed : undefined);
  return point === undefined || layer === undefined ? typed : `blocks.${layer}.${point}`;
}

/** The TransformerLens name of a hook that a config names as torch does: the output of a block is its resid_post. */
export function transformerLensHook(name: string): string {
  const { layer, residual } = parseHook(name);
  return residual && layer !== undefined && !name.startsWith('blocks.') ? `blocks.${layer}.hook_resid_post` : name;
}
