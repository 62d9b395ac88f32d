import { readdir } from 'node:fs/promises';
import { byNumber } from '../by-number.ts';
import { AppError } from '../errors.ts';

/** What a folder holds, in the order of the numbers in the names: `layer_2` comes before `layer_10`. */
export interface Listing {
  readonly names: readonly string[];
  readonly folders: readonly string[];
}

/** Lists a folder without what is hidden. Error: file_unreadable. */
export async function listFolder(folder: string): Promise<Listing> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new AppError('file_unreadable', `${folder}: this folder cannot be read (${cause.code})`, { cause });
  });
  const visible = entries.filter(({ name }) => !name.startsWith('.'));
  visible.sort((a, b) => byNumber(a.name, b.name));
  const folders = visible.filter((entry) => entry.isDirectory());
  return {
    names: visible.filter((entry) => !entry.isDirectory()).map(({ name }) => name),
    folders: folders.map(({ name }) => name),
  };
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

const weightFile = /\.(safetensors|npz|npy|arrow|arrows|feather)$/;
/** What trainers leave beside an SAE in formats that weights come in. */
const besideSaes =
  /^(sparsity|.*_log_feature_sparsity|activations_store_state|activation_scaler|examples|optimizer.*|adapter_model|training_args|chunk-.*|tokens.*|activations.*)\./;

/** Whether a path is that of a weight file which may hold a matrix, and not of what is known to lie beside SAEs. */
export function isWeightFile(name: string): boolean {
  const base = name.replace(/^.*[\\/]/, '');
  return weightFile.test(base) && !besideSaes.test(base);
}
