import { realpath } from 'node:fs/promises';
import { AppError } from '../errors.ts';
import { checkLabel } from '../upload/kinds/sae-vectors.ts';
import { checkExplainUsage, wantsExplaining } from './after-upload.ts';
import type { OptionValues } from './options.ts';

/** Refuses options of `upload-sae` that do not go together, before any file is read or server asked. Error: usage. */
export function checkSaeUsage(options: OptionValues): void {
  const { shard, list, as, autoInterp, interpLimit } = options;
  // These act once on all features; with --shard every shard would do so, at the same time.
  if (shard && (list !== undefined || wantsExplaining(options))) {
    refuse('--list, --auto-interp and --score need the whole upload, but --shard uploads only a part of it', [
      'upload all shards, then run the command once more without --shard: it finds the rows and does the rest',
    ]);
  }
  checkLabel(options);
  checkExplainUsage(options);
  if (wantsExplaining(options) && interpLimit === undefined) {
    refuse('--auto-interp and --score make paid calls to a language model, one per feature', [
      'say how many features of each SAE are to be explained or scored: --interp-limit N',
    ]);
  }
  if (autoInterp && as === 'vectors') {
    refuse('--auto-interp explains features from their examples, and --as vectors sends none', [
      'leave one of them out; a vector is explained with: neuronpedia upload-vector --activations --auto-interp',
    ]);
  }
}

/** Refuses a path that is given twice, by whatever name. One that does not exist is left to whoever opens it. Error: usage. */
export async function refuseSamePath(paths: readonly string[]): Promise<void> {
  const seen = new Map<string, string>();
  for (const path of paths) {
    const real = await realpath(path).catch(() => path);
    const first = seen.get(real);
    if (first !== undefined) {
      const other = first === path ? '' : `, the first time as ${first}`;
      refuse(`${path} is given twice${other}`, ['name each file or folder once']);
    }
    seen.set(real, path);
  }
}

function refuse(problem: string, hints: readonly string[]): never {
  throw new AppError('usage', problem, { hints });
}
