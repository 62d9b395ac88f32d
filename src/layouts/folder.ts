import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { byNumber } from '../by-number.ts';
import { AppError } from '../errors.ts';

/** What a folder holds, in the order of the numbers in the names: `layer_2` comes before `layer_10`. */
export interface Listing {
  readonly names: readonly string[];
  readonly folders: readonly string[];
}

/** Lists a folder without what is hidden; a link is what it leads to. Error: file_unreadable. */
export async function listFolder(folder: string): Promise<Listing> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new AppError('file_unreadable', `${folder}: this folder cannot be read (${cause.code})`, { cause });
  });
  const visible = entries.filter(({ name }) => !name.startsWith('.'));
  visible.sort((a, b) => byNumber(a.name, b.name));
  const names: string[] = [];
  const folders: string[] = [];
  for (const entry of visible) (await isFolder(folder, entry)) ? folders.push(entry.name) : names.push(entry.name);
  return { names, folders };
}

const index = /(\.safetensors)\.index\.json$/;

/** What a file is called as a whole: the index of one that was saved in parts stands for it. */
export function wholeName(name: string): string {
  return name.replace(index, '$1');
}

/** A folder's names without the parts of files whose index lies beside them. */
export function withoutParts(names: readonly string[]): string[] {
  const stems = names.filter((name) => index.test(name)).map((name) => name.replace(index, ''));
  const isPart = (name: string) =>
    stems.some((stem) => name.startsWith(stem) && /^-\d+-of-\d+\.safetensors$/.test(name.slice(stem.length)));
  return names.filter((name) => !isPart(name) && !(index.test(name) && names.includes(wholeName(name))));
}

async function isFolder(folder: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const target = await stat(join(folder, entry.name)).catch(() => undefined);
  return target?.isDirectory() ?? false;
}

/** Files of weights, and folders that stand for one, that are read nowhere here. */
const pickles = /\.(pt|pth|bin|ckpt|pkl|dcp)$/;

/** Whether this is a pickle, or a checkpoint that only torch can read, by its name. */
export function isPickle(name: string): boolean {
  return pickles.test(name);
}

/** Whether this is what a trainer goes on from, and no weights, by its name. */
export function isTrainingState(path: string): boolean {
  return /(^|[\\/])(\w*state|optimizer\w*|lr_scheduler\w*)\.pth?$/.test(path);
}

/** Formats that hold weights, by the ends of their names. */
export const weightFile = /\.(safetensors|npz|npy|arrow|arrows|feather)$/i;
/** What trainers leave beside an SAE in formats that weights come in. */
const besideSaes =
  /^(sparsity|.*_log_feature_sparsity|activations_store_state|activation_scaler|examples|optimizer.*|adapter_model|training_args|chunk-.*|tokens.*|activations.*)\./i;

/** Whether a path is that of a weight file which may hold a matrix, and not of what is known to lie beside SAEs. */
export function isWeightFile(name: string): boolean {
  const base = name.replace(/^.*[\\/]/, '');
  return weightFile.test(base) && !besideSaes.test(base);
}
