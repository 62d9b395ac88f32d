import { AppError } from '../errors.ts';
import type { SaidOfTensor } from '../layouts/bare.ts';
import { findSaes } from '../layouts/find.ts';
import { layerIn } from '../layouts/path-facts.ts';
import type { Sae, SaeKind } from '../layouts/sae.ts';
import { formatRanges, membership, type Ranges, rangesOf } from '../tensor/ranges.ts';
import { checkHeads, type HeadPlace, saidOfHead } from '../upload/head-place.ts';
import type { Own } from './close-after.ts';

/** Options that may apply to several SAEs at once. */
export interface Choice {
  readonly layer?: number | undefined;
  readonly layers?: Ranges | undefined;
  readonly heads?: readonly HeadPlace[] | undefined;
  readonly kind?: SaeKind | undefined;
  readonly featureMetadata?: string | undefined;
  readonly activations?: string | undefined;
}

/** Names of the folders of layers: `layer_5`, `layers.10`, `resid_post_layer_3`. */
const folderOfLayer = /(?:^|[._-])layers?[._-]?(\d+)(?!\d)/i;

/**
 * Finds the SAEs that are meant under some paths; gives each file to `own`, and tells `warn` of folders without the SAE
 * that they should have. Errors: those of finding and `chooseSaes`.
 */
export async function findChosen(
  paths: readonly string[],
  options: SaidOfTensor & Choice,
  own: Own,
  warn?: (message: string) => void,
): Promise<readonly Sae[]> {
  const found: Sae[] = [];
  const isWanted = options.layers && membership(options.layers);
  for (const path of paths) {
    const saes = await findSaes(path, options, ({ folder, message }) => {
      const layer = layerIn(folder, folderOfLayer)?.value;
      if (layer === undefined || !isWanted || isWanted(layer)) warn?.(message);
    });
    for (const sae of saes) own(sae.file);
    found.push(...saes);
  }
  return chooseSaes(found, options);
}

/**
 * Returns those of the SAEs found that are meant. Errors: usage if an option cannot apply to all of them, option_missing and
 * layer_out_of_range for `--layers`.
 */
export function chooseSaes(saes: readonly Sae[], options: Choice): readonly Sae[] {
  const { layer, layers, heads, kind } = options;
  if (heads !== undefined) checkHeads(saes, kind, heads);
  const chosen = layers === undefined ? saes : ofLayers(saes, layers, options);
  // The heads of a crosscoder share a file and count as one SAE.
  const found = new Set(chosen.map(({ file }) => file)).size;
  if (found > 1 && layer !== undefined) {
    throw new AppError('usage', `--layer names one layer, but ${found} SAEs were found`, {
      hints: ['leave out --layer if each SAE states its own layer; or select some with --layers, or name a single SAE'],
    });
  }
  for (const [option, path] of [
    ['--feature-metadata', options.featureMetadata],
    ['--activations', options.activations],
  ] as const) {
    if (found < 2 || path === undefined || path.includes('{layer}')) continue;
    throw new AppError('usage', `${option} names one file, but ${found} SAEs were found`, {
      hints: ['if there is one file per layer, put {layer} into the name; otherwise upload a single SAE'],
    });
  }
  return chosen;
}

function ofLayers(saes: readonly Sae[], layers: Ranges, { layer, heads, kind }: Choice): readonly Sae[] {
  const isWanted = membership(layers);
  const layerOf = (sae: Sae): number => {
    const known = saidOfHead(sae, kind, heads)?.layer ?? layer ?? sae.layer?.value;
    if (known !== undefined) return known;
    throw new AppError('option_missing', `${sae.path}: its files do not say its layer, so --layers cannot choose`, {
      hints: ['name the SAEs that are meant, one by one, with --layer'],
    });
  };
  const chosen = saes.filter((sae) => isWanted(layerOf(sae)));
  if (chosen.length > 0) return chosen;
  throw new AppError('layer_out_of_range', `no SAE of layers ${formatRanges(layers)} was found`, {
    hints: [`there are SAEs of layers ${formatRanges(rangesOf(saes.map(layerOf)))}`],
  });
}
