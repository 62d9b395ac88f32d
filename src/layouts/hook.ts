import { slipsBetween } from '../closest.ts';
import { AppError } from '../errors.ts';

/** Where a direction lives, read out of a hook's name. */
export interface HookPoint {
  /** Number of the block, where the name says one. */
  readonly layer?: number;
  /** Whether directions there have the width of the residual stream: what is written to it, or is it. */
  readonly residual: boolean;
}

/** Points of TransformerLens whose values are as wide as the model, by their older names and those of its bridge to torch. */
const residualPoint =
  /hook_(resid_(pre|mid|post)|mlp_out|attn_out)$|(^|\.)(mlp|attn)\.hook_out$|^blocks\.\d+\.hook_(in|out)$/;
/** Points before the first block. */
const embedding = /^hook_(pos_)?embed$/;
/** Modules of torch whose output is added to the residual stream, in most models. */
const writingModule = /^\.(mlp|attn|self_attn|attention)(\.output)?$/;

/** Points of a block, as torch and Hugging Face configs name them, that TransformerLens has a name for. */
const torchPoints: ReadonlyMap<string, string> = new Map([
  ['', 'hook_resid_post'],
  ['.output', 'hook_resid_post'],
  // The input of the matrix that writes to the residual stream: the heads' outputs side by side.
  ['.self_attn.o_proj.input', 'attn.hook_z'],
  ['.pre_feedforward_layernorm.output', 'ln2.hook_normalized'],
  ['.post_feedforward_layernorm.output', 'hook_mlp_out'],
]);

/**
 * Reads a TransformerLens hook name (`blocks.12.hook_resid_post`) or a module path of torch (`model.layers.12`, `h.3.mlp`).
 * A bare module path of a block means its output, the residual stream after it.
 */
export function parseHook(name: string): HookPoint {
  const transformerLens = /^blocks\.(\d+)\./.exec(name);
  if (transformerLens) return { layer: Number(transformerLens[1]), residual: residualPoint.test(name) };
  const torch = /(?:^|\.)(?:layers|h)\.(\d+)(\.[\w.]+)?$/.exec(name);
  if (torch) {
    const suffix = torch[2] ?? '';
    const residual = residualPoint.test(torchPoints.get(suffix) ?? '') || writingModule.test(suffix);
    return { layer: Number(torch[1]), residual };
  }
  return { residual: residualPoint.test(name) || embedding.test(name) };
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
  const point =
    shortHooks.get(typed.replaceAll('_', '-')) ?? (/^(?:[a-z0-9]+\.)?hook_\w+$/.test(typed) ? typed : undefined);
  return point === undefined || layer === undefined || embedding.test(point) ? typed : `blocks.${layer}.${point}`;
}

/** Points of a block that TransformerLens has besides. */
const otherHooks = [
  'hook_mlp_in',
  'hook_attn_in',
  'attn.hook_q',
  'attn.hook_k',
  'attn.hook_v',
  'mlp.hook_pre',
  'mlp.hook_post',
];

/**
 * A hook that is a slip or two away from one of the names above would be a place of its own, whose width nobody knows; any
 * other name is somebody's own. Error: usage, with what was probably meant.
 */
export function refuseMisspelt(option: string, typed: string | undefined): void {
  if (typed === undefined) return;
  const point = typed.replace(/^blocks\.\d+\./, '').toLowerCase();
  const known = [...shortHooks.keys(), ...shortHooks.values(), ...otherHooks];
  const slips = (name: string) => slipsBetween(plain(point), plain(name));
  const meant = known.filter((name) => name.length > 1 && slips(name) <= 2);
  if (meant.length === 0 || known.some((name) => slips(name) === 0)) return;
  throw new AppError('usage', `${option} ${typed}: no hook of that name is known`, {
    hints: [`did you mean ${meant.join(' or ')}?`],
  });
}

const plain = (name: string) => name.replaceAll('-', '_');

/** The TransformerLens name of a hook that a config names as torch does: the output of a block is its resid_post. */
export function transformerLensHook(name: string): string {
  const { layer } = parseHook(name);
  if (layer === undefined || name.startsWith('blocks.')) return name;
  const suffix = /(?:^|\.)(?:layers|h)\.\d+(.*)$/.exec(name)?.[1] ?? '';
  const point = torchPoints.get(suffix);
  return point === undefined ? name : `blocks.${layer}.${point}`;
}

/** Whether a hook is the residual stream before or after a block, where steering vectors live. */
export function residualSide(hook: string): 'pre' | 'post' | undefined {
  const [, older, bridge] = /\.(?:hook_resid_(pre|post)|hook_(in|out))$/.exec(hook) ?? [];
  if (older !== undefined) return older as 'pre' | 'post';
  if (bridge === undefined || !/^blocks\.\d+\.hook_\w+$/.test(hook)) return undefined;
  return bridge === 'in' ? 'pre' : 'post';
}

/** Points of a block whose values are known to be neither written to the residual stream nor it: of any other nobody knows. */
export function isElsewhere(hook: string): boolean {
  const point = hook.replace(/^blocks\.\d+\./, '');
  return isAttentionZ(hook) || otherHooks.includes(point) || /(^|\.)hook_(normalized|in|pattern|result)$/.test(point);
}

/** Whether the values at a hook are the attention heads' outputs side by side, before they are written anywhere. */
export function isAttentionZ(hook: string): boolean {
  return /(?:^|\.)hook_z$/.test(hook) || hook.endsWith('.o_proj.input');
}
