import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { byNumber } from '../by-number.ts';
import { AppError } from '../errors.ts';

/** A folder's entries, with the numbers in names sorted by value: `layer_2` comes before `layer_10`. */
export interface Listing {
  readonly names: readonly string[];
  readonly folders: readonly string[];
}

/** Lists a folder without hidden entries. A link counts as what it points to. Error: file_unreadable. */
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

/** Returns the name of a whole file: `x.safetensors.index.json`, the index of its shards, stands for `x.safetensors`. */
export function wholeName(name: string): string {
  return name.replace(index, '$1');
}

/** Leaves out shards whose index is among the names, and any index whose whole file is there too. */
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

/** Weight files, and folders that stand for one (`.dcp`), that this tool never reads. */
const pickles = /\.(pt|pth|bin|ckpt|pkl|joblib|dcp)$/;

/** Whether the name is that of a pickle, or of a checkpoint that only torch can read. */
export function isPickle(name: string): boolean {
  return pickles.test(name);
}

/** Whether a pickle is named like one that torch saves weights in. Others are as often logs and results. */
export function isCheckpoint(path: string): boolean {
  return /\.(pt|pth|ckpt|dcp)$/.test(path) && !besideSaes.test(path.replace(/^.*[\\/]/, ''));
}

/** Whether the name is that of a trainer's state for resuming, which holds no weights. */
export function isTrainingState(path: string): boolean {
  return /(^|[\\/])(\w*state|optimizer\w*|(lr_)?scheduler\w*|(grad_)?scaler)\.pth?$/.test(path);
}

/** File extensions of the formats that hold weights. */
export const weightFile = /\.(safetensors|npz|npy|arrow|arrows|feather)$/i;
/** Other files that trainers leave beside an SAE in the same formats. */
const besideSaes =
  /^(sparsity|.*_log_feature_sparsity|activations_store_state|activation_scaler|examples|optimizer.*|adapter_model|training_args|chunk-.*|tokens.*|activations.*)\./i;

/** Whether a path names a weight file that may hold a matrix, and not one of the other files left beside SAEs. */
export function isWeightFile(name: string): boolean {
  const base = name.replace(/^.*[\\/]/, '');
  return weightFile.test(base) && !besideSaes.test(base);
}
