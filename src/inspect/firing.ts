import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../errors.ts';
import { openTensorFile } from '../formats/open.ts';
import type { Sae } from '../layouts/sae.ts';
import { rowBlocks } from '../tensor/row-blocks.ts';
import { flatRow } from '../tensor/tensor.ts';
import { type Finding, findingOf } from './findings.ts';
import { type RowList, startRowList } from './row-list.ts';
import { type Spread, startSpread } from './spread.ts';

/** How often features fire, from the file that SAELens leaves beside the weights. */
export interface Firing {
  readonly file: string;
  /** Features that never fired. */
  readonly dead: RowList;
  /** Share of tokens that the others fire on, 0 to 1. */
  readonly density: Spread | null;
}

const fileName = 'sparsity.safetensors';
const tensorName = 'sparsity';
/** SAELens stores log10(share + 1e-10): -10 stands for never. */
const deadBelow = -9.99;
const offset = 1e-10;

/**
 * Reads `sparsity.safetensors` beside the weights, as SAELens writes it: `sparsity [features]`, log10. Undefined where
 * there is none; a finding where it does not fit, unless nothing but the folder says that the two belong together.
 * Other side files belong to the reader of feature data.
 */
export async function readFiring(sae: Sae, features: number): Promise<Firing | Finding | undefined> {
  const path = join(dirname(sae.file.path), fileName);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  const firing = await readFile(path, features).catch((error: unknown): Finding => {
    if (error instanceof AppError) return { ...findingOf(error, path), code: 'side_file' };
    throw error;
  });
  return sae.layout === 'bare matrix' && 'code' in firing ? undefined : firing;
}

async function readFile(path: string, features: number): Promise<Firing | Finding> {
  const problem = (message: string): Finding => ({ code: 'side_file', where: path, message });
  const file = await openTensorFile(path);
  try {
    const tensor = file.tensors.get(tensorName);
    if (!tensor) return problem(`holds no tensor "${tensorName}"`);
    if (tensor.shape.length !== 1 || tensor.shape[0] !== features) {
      return problem(`has ${tensorName} [${tensor.shape}]; there are ${features} features`);
    }
    const dead = startRowList();
    const density = startSpread(features);
    for await (const { values } of rowBlocks(flatRow(tensor), [[0, 1]])) {
      for (let i = 0; i < features; i++) {
        const log = values[i] as number;
        // NaN is no logarithm either.
        if (!(log <= 0)) return problem(`feature ${i}: ${tensorName} is ${log}; SAELens stores log10 of a share`);
        if (log <= deadBelow) dead.add(i);
        else density.add(10 ** log - offset);
      }
    }
    return { file: path, dead: dead.finish(), density: density.finish('log10') ?? null };
  } finally {
    await file.close();
  }
}
