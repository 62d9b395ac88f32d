import { basename, dirname, extname, resolve } from 'node:path';
import { AppError } from '../errors.ts';
import { openTensorFile } from '../formats/open.ts';
import { readBare, type SaidOfTensor } from './bare.ts';
import { isWeightFile, listFolder, wholeName, withoutParts } from './folder.ts';
import { type Layout, type Spot, unwrapped, type Weights } from './layout.ts';
import { layouts } from './list.ts';
import { refuseManyPlaces } from './many-places.ts';
import type { Sae } from './sae.ts';

/** Whether to try a layout on a file. */
export type Applies = (layout: Layout, spot: Spot) => boolean;

/** By the file's name and its neighbours. */
export const mayBe: Applies = (layout, spot) => layout.mayBe(spot);
/** By a config beside it alone, whatever its name. */
export const hasConfig: Applies = ({ config }, { beside }) => config !== undefined && beside.has(config);

/**
 * Reads the SAEs of one particular file: by the layout that its name fits, else by the config beside it, unless that may be
 * another file's, else as a bare matrix.
 * Errors: those of opening, of the layouts and of bare matrices.
 */
export async function openFile(path: string, said: SaidOfTensor): Promise<Sae[]> {
  const folder = resolve(dirname(path));
  const { names } = await listFolder(folder).catch(() => ({ names: [] }));
  const spot = { folder, name: wholeName(basename(path)), beside: new Set([...names, ...names.map(wholeName)]) };
  const isAlone = !withoutParts(names)
    .map(wholeName)
    .some((other) => other !== spot.name && mayOwnConfig(other, spot));
  return withWeights(
    path,
    path,
    spot,
    said,
    async (weights) =>
      (await byLayout(weights, said, mayBe)) ??
      (isAlone ? await byConfig(weights, said) : undefined) ??
      withDoubt(readBare(weights, said), isAlone ? undefined : await unusedConfig(weights, said)),
  );
}

/** Whether a config beside a file may be that of another one there: of the same format, or named as its layout names them. */
function mayOwnConfig(other: string, spot: Spot): boolean {
  if (!isWeightFile(other)) return false;
  const isNamed = layouts.some((layout) => hasConfig(layout, spot) && layout.mayBe({ ...spot, name: other }));
  return isNamed || extname(other).toLowerCase() === extname(spot.name).toLowerCase();
}

/** Returns the name of the config beside a file that would be its own if no other file were there; undefined if none would. */
async function unusedConfig(weights: Weights, said: SaidOfTensor): Promise<string | undefined> {
  // What is wrong with a config is no fault of a file that does not use it.
  const saes = await byConfig(weights, said).catch(() => undefined);
  return saes && layouts.find((layout) => hasConfig(layout, weights) && layout.decoder(weights))?.config;
}

function withDoubt(saes: Sae[], config: string | undefined): Sae[] {
  if (config === undefined) return saes;
  const doubt = `${config} beside it was not used, as it may be another weight file's: give what it says as options, or move the two to a folder of their own`;
  return saes.map((sae) => ({ ...sae, doubts: [...(sae.doubts ?? []), doubt] }));
}

/** Reads the SAEs of a file found in a folder. Returns none if its tensors fit no layout. Errors: those of `openFile`. */
export function openSpot(path: string, file: string, spot: Spot, said: SaidOfTensor, applies: Applies): Promise<Sae[]> {
  return withWeights(path, file, spot, said, async (weights) => (await byLayout(weights, said, applies)) ?? []);
}

/**
 * Reads a file of any name by the config beside it, which may be that of something else: it counts only if it fits, and says
 * something about the place. Undefined otherwise.
 */
async function byConfig(weights: Weights, said: SaidOfTensor): Promise<Sae[] | undefined> {
  const saes = await byLayout(weights, said, hasConfig).catch((error: unknown) => {
    if (error instanceof AppError && ['config_invalid', 'layout_unknown'].includes(error.code)) return undefined;
    throw error;
  });
  return saes?.some(({ model, layer, hook }) => model ?? layer ?? hook) ? saes : undefined;
}

/** Opens a file and reads it. Closes it again unless it yields an SAE. */
async function withWeights(
  path: string,
  name: string,
  spot: Spot,
  { tensor, headAxis }: SaidOfTensor,
  read: (weights: Weights) => Promise<Sae[]>,
): Promise<Sae[]> {
  const file = await openTensorFile(name);
  let saes: Sae[] = [];
  try {
    saes = await read({ ...spot, path, file, tensors: unwrapped(file.tensors, tensor), asked: tensor, headAxis });
    return saes;
  } finally {
    if (saes.length === 0) await file.close();
  }
}

/** Reads with the first layout that fits. A requested tensor other than its decoder is read bare: no config describes it. */
async function byLayout(weights: Weights, said: SaidOfTensor, applies: Applies): Promise<Sae[] | undefined> {
  for (const layout of layouts) {
    const decoder = applies(layout, weights) ? layout.decoder(weights) : undefined;
    if (decoder === undefined) continue;
    const isAnother = said.tensor !== undefined && weights.tensors.get(said.tensor) !== decoder;
    return isAnother ? readBare(weights, said) : layout.read(weights, decoder);
  }
  if (said.tensor === undefined) refuseManyPlaces(weights);
  return undefined;
}
