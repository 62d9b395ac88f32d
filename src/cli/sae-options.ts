import type { SaeUpload } from '../library/sae-upload.ts';
import { attributesOf } from './attributes.ts';
import type { OptionValues } from './options.ts';
import { sendLimits } from './send-saes.ts';

/** Turns the options of `upload-sae` into the library's options for SAEs and their rows. */
export function saeOptions(options: OptionValues): Omit<SaeUpload, 'server' | 'stateDir'> {
  const { model, layer, hook, hookOut, head, kind, orientation, features, activations } = options;
  const { as, label, yes, createModel, skipBadRows, fixTokens } = options;
  const { index, featureMetadata, sparsityScale, skipDead, shard } = options;
  const place = { model, layer, hook, hookOut, heads: head, kind, createModel };
  const rows = { orientation, features, index, featureMetadata, sparsityScale, skipDead, activations };
  const { tensor, headAxis, layers } = options;
  // A dry run needs no confirmation.
  const given = {
    ...place,
    ...rows,
    as,
    label,
    yes: yes ?? options.dryRun,
    skipBadRows,
    fixTokens,
    shard,
    tensor,
    headAxis,
    layers,
  };
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { saeId: options.saeId as string, attributes: attributesOf(options), limits: sendLimits(options), ...present };
}
