import { AppError } from '../errors.ts';
import { logFault, shareOfLog, sparsityBeside } from '../feature-data/sparsity.ts';
import { openTensorFile } from '../formats/open.ts';
import { bareLayout, type Sae } from '../layouts/sae.ts';
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
  /** Share of tokens that the other features fire on, 0 to 1. */
  readonly density: Spread | null;
}

const tensorName = 'sparsity';

/**
 * Reads `sparsity.safetensors` beside the weights, as SAELens writes it: `sparsity [features]`, log10. Undefined if there
 * is none, a finding if it does not fit. Beside a bare matrix, one that does not fit is ignored, because only the folder
 * suggests that the two belong together. Other side files are left to the reader of feature data.
 */
export async function readFiring(sae: Sae, features: number): Promise<Firing | Finding | undefined> {
  const path = await sparsityBeside(sae.file.path);
  if (path === undefined) return undefined;
  const firing = await readFile(path, features).catch((error: unknown): Finding => {
    if (error instanceof AppError) return { ...findingOf(error, path), code: 'side_file' };
    throw error;
  });
  return sae.layout === bareLayout && 'code' in firing ? undefined : firing;
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
        const fault = logFault(log);
        if (fault !== undefined) return problem(`feature ${i}: ${tensorName} ${fault}`);
        const share = shareOfLog(log);
        if (share === 0) dead.add(i);
        else density.add(share);
      }
    }
    return { file: path, dead: dead.finish(), density: density.finish('log10') ?? null };
  } finally {
    await file.close();
  }
}
