import type { SaeOptions } from '../upload/kinds/sae.ts';
import { attributesOf } from './attributes.ts';
import type { OptionValues } from './options.ts';

/** What the options of `upload-sae` say of an SAE and its rows. */
export function saeOptions(options: OptionValues): SaeOptions {
  const { model, layer, hook, hookOut, head, kind, orientation, features, activations } = options;
  const { as, label, yes, createModel, skipBadRows, fixTokens } = options;
  const { index, featureMetadata, sparsityScale, skipDead, shard } = options;
  const place = { model, layer, hook, hookOut, heads: head, kind, createModel };
  const rows = { orientation, features, index, featureMetadata, sparsityScale, skipDead, activations };
  const given = { ...place, ...rows, as, label, yes, skipBadRows, fixTokens, shard };
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { saeId: options.saeId as string, attributes: attributesOf(options), ...present };
}
