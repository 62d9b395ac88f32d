import type { SaeUpload } from '../library/sae-upload.ts';
import { present } from '../present.ts';
import type { SendLimits } from '../upload/run.ts';
import { attributesOf } from './attributes.ts';
import type { OptionValues } from './options.ts';

/** Turns the options of `upload-sae` into the library's options for SAEs and their rows. */
export function saeOptions(options: OptionValues): Omit<SaeUpload, 'server' | 'stateDir'> {
  const { model, layer, hook, hookOut, head: heads, kind, createModel, tensor, headAxis, layers, shard } = options;
  const { orientation, features, index, featureMetadata, sparsityScale, skipDead, activations } = options;
  const { as, label, skipBadRows, fixTokens, yes, dryRun } = options;
  return {
    saeId: options.saeId as string,
    attributes: attributesOf(options),
    limits: sendLimits(options),
    ...present({ model, layer, hook, hookOut, heads, kind, createModel, tensor, headAxis, layers, shard }),
    ...present({ orientation, features, index, featureMetadata, sparsityScale, skipDead, activations }),
    // A dry run needs no confirmation.
    ...present({ as, label, skipBadRows, fixTokens, yes: yes ?? dryRun }),
  };
}

/** Returns the sending limits that the options set. */
export function sendLimits({ batchSize, maxBody, concurrency }: OptionValues): SendLimits {
  return present({ rows: batchSize, bytes: maxBody, inFlight: concurrency });
}
