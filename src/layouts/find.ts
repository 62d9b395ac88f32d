import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { openTensorFile } from '../formats/open.ts';
import { readBare } from './bare.ts';
import type { Sae } from './sae.ts';
import { readSaelens, saelensFiles } from './saelens.ts';

/** Folders of a sweep lie a few levels deep; a link in a circle must not be followed for ever. */
const deepestFolder = 6;

/**
 * Finds every SAE under a path: a weight file is one, a folder may hold several (one a layer, say), in the order of
 * their names. The files stay open; close each `sae.file`. Errors: those of opening, and layout_unknown for none.
 */
export async function findSaes(path: string, tensorName?: string): Promise<Sae[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new AppError('file_not_found', `${path}: no such file or folder`, { details: { file: path } });
  if (!found.isDirectory()) return [await openSae(path, path, tensorName)];
  const weights = await weightFilesBelow(path, 0);
  if (weights.length === 0) {
    throw new AppError('layout_unknown', `${path}: no SAE found in this folder`, {
      hints: [
        `looked for ${saelensFiles.weights} beside ${saelensFiles.config}; a single weight file can be named itself`,
      ],
      details: { file: path },
    });
  }
  return openAll(weights, tensorName);
}

/** Opens all or leaves none open. */
async function openAll(weights: readonly string[], tensorName: string | undefined): Promise<Sae[]> {
  const saes: Sae[] = [];
  try {
    for (const file of weights) saes.push(await openSae(dirname(file), file, tensorName));
    return saes;
  } catch (error) {
    for (const sae of saes) await sae.file.close();
    throw error;
  }
}

async function weightFilesBelow(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new AppError('file_unreadable', `${folder}: this folder cannot be read (${cause.code})`, { cause });
  });
  const names = new Set(entries.map((entry) => entry.name));
  if (names.has(saelensFiles.weights) && names.has(saelensFiles.config)) return [join(folder, saelensFiles.weights)];
  if (depth === deepestFolder) return [];
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const byNumber = new Intl.Collator('en', { numeric: true });
  const files: string[] = [];
  for (const name of folders.sort(byNumber.compare))
    files.push(...(await weightFilesBelow(join(folder, name), depth + 1)));
  return files;
}

async function openSae(path: string, weights: string, tensorName: string | undefined): Promise<Sae> {
  const file = await openTensorFile(weights);
  try {
    return (await isSaelens(file, tensorName)) ? await readSaelens(path, file) : readBare(path, file, tensorName);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Other trainers use the same file name: the config beside it and the decoder's name make it SAELens. */
async function isSaelens(file: TensorFile, tensorName: string | undefined): Promise<boolean> {
  if (basename(file.path) !== saelensFiles.weights || !file.tensors.has('W_dec')) return false;
  if (tensorName !== undefined && tensorName !== 'W_dec') return false;
  const config = await stat(join(dirname(file.path), saelensFiles.config)).catch(() => undefined);
  return config?.isFile() ?? false;
}
