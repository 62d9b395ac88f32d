import { onTestFinished } from 'vitest';
import { findSaes } from '../../src/layouts/find.ts';
import type { Sae } from '../../src/layouts/sae.ts';
import { safetensorsOf, tempFolder, writeFiles } from '../fixtures.ts';

/** Finds the SAEs under a path, and closes them when the test ends. */
export async function found(path: string, tensorName?: string, headAxis?: 'first' | 'middle'): Promise<Sae[]> {
  const saes = await findSaes(path, { tensor: tensorName, headAxis });
  for (const { file } of saes) onTestFinished(() => file.close());
  return saes;
}

/** Shapes of an SAE of 6 features that are 4 wide, as SAELens names them. */
export const sixByFour = { W_enc: [4, 6], b_enc: [6], W_dec: [6, 4], b_dec: [4] } as const;

/** Writes a folder as SAELens does, which exists until the test ends, and returns its path. */
export async function saelensFolder(config: object, shapes: Record<string, readonly number[]> = sixByFour) {
  const folder = await tempFolder();
  await writeFiles(folder, { 'cfg.json': config, 'sae_weights.safetensors': safetensorsOf(shapes) });
  return folder;
}

/** Returns the only SAE of a folder that `saelensFolder` writes. */
export async function saelens(config: object, shapes?: Record<string, readonly number[]>): Promise<Sae> {
  const [sae, ...more] = await found(await saelensFolder(config, shapes));
  if (!sae || more.length > 0) throw new Error('expected one SAE');
  return sae;
}
