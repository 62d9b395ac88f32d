import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { AppError } from '../errors.ts';
import { missingFile } from '../tensor/missing-file.ts';
import type { SaidOfTensor } from './bare.ts';
import { isCheckpoint, isPickle, isWeightFile, type Listing, listFolder, wholeName, withoutParts } from './folder.ts';
import type { Spot } from './layout.ts';
import { type LeftOut, leftOut, type Searched } from './left-out.ts';
import { layouts } from './list.ts';
import { nothingFound, picklesOf } from './nothing-found.ts';
import { type Applies, hasConfig, mayBe, openFile, openSpot } from './read-file.ts';
import type { Sae } from './sae.ts';

/** How many levels are searched. The folders of a sweep are nested a few levels deep. */
const deepestFolder = 8;

/**
 * Finds every SAE under a path. A weight file holds one SAE, or one per head of a crosscoder. A folder may hold several
 * (say, one per layer), returned in name order. In folders, only files whose names fit a layout are opened, or the only
 * weight file beside a config, and their tensors then decide. If none fits, the only weight file of all is read, unless
 * checkpoints of torch lie beside it. The files stay open: close each `sae.file`. `warn` is told of folders that look like
 * the others and hold none.
 * Errors: those of opening and of the layouts, layout_unknown or format_unsupported (only pickles) if nothing is found.
 */
export async function findSaes(
  path: string,
  said: SaidOfTensor = {},
  warn?: (folder: LeftOut) => void,
): Promise<Sae[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw missingFile(path);
  if (!found.isDirectory()) return openFile(path, said);
  const search: Search = {
    ...{ root: path, said, saes: [], seen: [], weights: [] },
    ...{ folders: new Set(), searched: [], homes: new Set() },
  };
  try {
    await searchFolder(search, path, 0);
  } catch (error) {
    for (const sae of search.saes) await sae.file.close();
    throw error;
  }
  if (search.saes.length > 0) {
    if (warn) leftOut(search.searched, search.homes).forEach(warn);
    return search.saes;
  }
  // It fits no layout, but as the only weight file it must be the one that is meant, unless others are only in a pickle.
  const [only, ...others] = search.weights;
  if (only !== undefined && others.length === 0 && picklesOf(search.seen).every((name) => !isCheckpoint(name)))
    return openFile(only, said);
  throw nothingFound(path, search.seen);
}

/** The state of a search through folders. */
interface Search {
  readonly root: string;
  readonly said: SaidOfTensor;
  readonly saes: Sae[];
  /** Every file and `.dcp` folder that was passed, by its path from the root. */
  readonly seen: string[];
  /** Files that could hold a matrix. */
  readonly weights: string[];
  /** Real paths of the folders searched so far, because a link may lead back to one of them. */
  readonly folders: Set<string>;
  /** The folders searched, and those that SAEs were found in. */
  readonly searched: Searched[];
  readonly homes: Set<string>;
}

/** Searches a folder that was not searched before, and what is below it. */
async function searchFolder(search: Search, folder: string, depth: number): Promise<void> {
  const place = await realpath(folder).catch(() => resolve(folder));
  if (search.folders.has(place)) return;
  search.folders.add(place);
  const listing = await listFolder(folder);
  const before = search.saes.length;
  await searchEntries(search, folder, listing, depth);
  search.searched.push({ folder, names: listing.names, found: search.saes.length > before });
}

/** Adds a folder's SAEs. Only if it holds none are its subfolders searched, as those of an SAE hold its checkpoints. */
async function searchEntries(
  search: Search,
  folder: string,
  { names: every, folders }: Listing,
  depth: number,
): Promise<void> {
  const names = withoutParts(every);
  const before = search.saes.length;
  const beside = new Set([...every, ...names.map(wholeName)]);
  const all = names.map((file) => ({ folder: resolve(folder), name: wholeName(file), file, beside }));
  const named = all.filter((spot) => layouts.some((layout) => layout.mayBe(spot)));
  const spots = named.length > 0 ? named : onlyWeights(all);
  let missing: AppError | undefined;
  const applies: Applies = named.length > 0 ? mayBe : hasConfig;
  for (const spot of spots) {
    const file = join(folder, spot.file);
    const path = spots.length > 1 ? file : folderOfSae(folder);
    const saes = openSpot(path, file, spot, search.said, applies);
    const noteMissing = (error: unknown) => {
      if (spot.file === spot.name || !isMissing(error)) throw error;
      missing = error;
      return [];
    };
    search.saes.push(...(await saes.catch(noteMissing)));
  }
  for (const name of [...names, ...folders.filter((one) => one.endsWith('.dcp'))]) {
    search.seen.push(relative(search.root, join(folder, name)));
    if (isWeightFile(wholeName(name))) search.weights.push(join(folder, name));
  }
  if (search.saes.length > before) search.homes.add(folderOfSae(folder));
  if (search.saes.length > before) return;
  for (const name of depth < deepestFolder ? folders : []) {
    if (!isCheckpointFolder(name)) await searchFolder(search, join(folder, name), depth + 1);
  }
  // A model that was only partly downloaded must not hide the SAEs in subfolders.
  if (missing !== undefined && search.saes.length === before) throw missing;
}

/** Whether the error is a missing file: here, a shard that an index names. */
function isMissing(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'file_not_found';
}

/** Returns the only weight file beside a config: whoever converted it may have renamed it. */
function onlyWeights<S extends Spot>(all: readonly S[]): readonly S[] {
  const weights = all.filter(({ name }) => isWeightFile(name));
  const [spot] = weights;
  return weights.length === 1 && spot && layouts.some((layout) => hasConfig(layout, spot)) ? [spot] : [];
}

/** Whether a folder is a distributed checkpoint, which is one unit and not searched. */
function isCheckpointFolder(name: string): boolean {
  return isPickle(name) && name.endsWith('.dcp');
}

/** Returns the folder of an SAE: weights in `checkpoints` belong to the folder above. */
function folderOfSae(folder: string): string {
  return basename(folder) === 'checkpoints' ? dirname(folder) : folder;
}
