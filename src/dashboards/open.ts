import { stat } from 'node:fs/promises';
import { AppError } from '../errors.ts';
import { missingFile } from '../tensor/missing-file.ts';
import type { DashboardPlace, DashboardSource, ReadOptions } from './dashboard.ts';
import { openJsonLines } from './json-lines.ts';
import { batchFiles, openSaeDashboard } from './sae-dashboard.ts';

/**
 * Opens what `--activations` names: a `.jsonl` file, or a folder that SAEDashboard wrote.
 * Errors: file_not_found, layout_unknown for a folder without batches, and those of reading.
 */
export async function openDashboards(
  path: string,
  place: DashboardPlace,
  options: ReadOptions = {},
): Promise<DashboardSource> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw missingFile(path);
  if (!found.isDirectory()) return openJsonLines(path, place, options);
  if ((await batchFiles(path)).length > 0) return openSaeDashboard(path, place, options);
  throw new AppError('layout_unknown', `${path}: no batch-N.json in this folder`, {
    hints: ['--activations takes a .jsonl file, or a folder that SAEDashboard wrote'],
    details: { file: path },
  });
}
