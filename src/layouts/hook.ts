import { slipsBetween } from '../closest.ts';
import { AppError } from '../errors.ts';

/** Where a direction lives, as read from a hook's name. */
export interface HookPoint {
  /** Number of the block, if the name contains one. */
  readonly layer?: number;
  /** Whether the values there are the residual stream or are added to it, so directions have its width. */
  readonly residual: boolean;
}

/** TransformerLens points whose values are as wide as the model, by classic and by TransformerBridge names. */
const residualPoint =
  /hook_(resid_(pre|mid|post)|mlp_out|attn_out)$|(^|\.)(mlp|attn)\.hook_out$|^blocks\.\d+\.hook_(in|out)$/;
/** Points before the first block. */
const embedding = /^hook_(pos_)?embed$/;
/** Modules of torch whose output most models add to the residual stream. */
const writingModule = /^\.(mlp|attn|self_attn|attention)(\.output)?$/;

/** TransformerLens names of points of a block, by the module suffix in torch and Hugging Face configs. */
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
 * The bare module path of a block means its output: the residual stream after it.
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

/** Expands what was typed to a full hook name: `resid-post` at layer 6 is `blocks.6.hook_resid_post`. Keeps full names. */
export function expandHook(typed: string, layer: number | undefined): string {
  const point =
    shortHooks.get(typed.replaceAll('_', '-')) ?? (/^(?:[a-z0-9]+\.)?hook_\w+$/.test(typed) ? typed : undefined);
  return point === undefined || layer === undefined || embedding.test(point) ? typed : `blocks.${layer}.${point}`;
}

/** Other points of a block in TransformerLens. */
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
 * Refuses a hook that is one or two typos away from a known name: taken literally, it would be a new place of unknown
 * width. Names further away are accepted as custom hooks. Error: usage, with what was probably meant.
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

/** Converts a hook named as in torch to its TransformerLens name, if it has one: a block's output is its resid_post. */
export function transformerLensHook(name: string): string {
  const { layer } = parseHook(name);
  if (layer === undefined || name.startsWith('blocks.')) return name;
  const suffix = /(?:^|\.)(?:layers|h)\.\d+(.*)$/.exec(name)?.[1] ?? '';
  const point = torchPoints.get(suffix);
  return point === undefined ? name : `blocks.${layer}.${point}`;
}

/** Returns whether a hook is the residual stream before or after a block, where steering vectors live; else undefined. */
export function residualSide(hook: string): 'pre' | 'post' | undefined {
  const [, older, bridge] = /\.(?:hook_resid_(pre|post)|hook_(in|out))$/.exec(hook) ?? [];
  if (older !== undefined) return older as 'pre' | 'post';
  if (bridge === undefined || !/^blocks\.\d+\.hook_\w+$/.test(hook)) return undefined;
  return bridge === 'in' ? 'pre' : 'post';
}

/** Whether the values at a hook are known to be neither the residual stream nor added to it. False if in doubt. */
export function isElsewhere(hook: string): boolean {
  const point = hook.replace(/^blocks\.\d+\./, '');
  return isAttentionZ(hook) || otherHooks.includes(point) || /(^|\.)hook_(normalized|in|pattern|result)$/.test(point);
}

/** Whether the values at a hook are the attention heads' outputs side by side, before they are written anywhere. */
export function isAttentionZ(hook: string): boolean {
  return /(?:^|\.)hook_z$/.test(hook) || hook.endsWith('.o_proj.input');
}
