import { AppError } from '../errors.ts';
import { sourceOf } from '../library/sae-upload.ts';
import { eachRow, intersectRanges, membership } from '../tensor/ranges.ts';
import { rowBlocks } from '../tensor/row-blocks.ts';
import { vectorHash } from '../upload/fingerprint.ts';
import type { PreparedSae } from '../upload/kinds/prepared-sae.ts';
import { densities, placedPath } from '../upload/kinds/sae-facts.ts';
import type { JobReport } from '../upload/run.ts';
import { formatShard } from '../upload/shard.ts';
import { decoderVectors } from './plan-document.ts';
import { checkReceipt, type ReceiptRow, unanswered, writeReceipt } from './receipt.ts';
import type { Session } from './session.ts';

/**
 * Checks before anything is sent that the receipts of these SAEs can be written. Errors: file_unreadable, usage if several
 * receipts would go to one file.
 */
export async function checkSaeReceipts(path: string | undefined, prepared: readonly PreparedSae[]): Promise<void> {
  if (path === undefined) return;
  const files = prepared.map((one) => receiptOf(path, one, prepared.length > 1));
  const twice = files.find((file, i) => files.indexOf(file) !== i);
  if (twice !== undefined) {
    throw new AppError('usage', `--receipt ${path}: ${twice} would be the receipt of several SAEs`, {
      hints: ['leave {layer} out of its name: each receipt is named after its source then'],
    });
  }
  for (const file of files) await checkReceipt(file);
}

/** Returns the path of an SAE's receipt. In a sweep each SAE has its own, named after its layer, head or source. */
function receiptOf(path: string, { sae, kind, model, place }: PreparedSae, several: boolean): string {
  if (/\{(layer|head)\}/.test(path)) return placedPath(path, sae, place.layer.value, kind);
  // The model is in the name: heads of one crosscoder, or folders of a sweep, may go to the same layer of two models.
  // Characters that a file name may not hold become `_`.
  const name = `${model.id}-${place.source}`.replace(/[^\w.-]/g, '_');
  return several ? path.replace(/(\.[^./\\]*)?$/, `-${name}$1`) : path;
}

/** Writes the receipt of an SAE and returns its path. Error: output_lost. */
export async function writeSaeReceipt(
  path: string,
  session: Session,
  prepared: PreparedSae,
  report: JobReport,
  several: boolean,
): Promise<string> {
  const { sae } = prepared;
  const file = receiptOf(path, prepared, several);
  const head = {
    command: 'upload-sae',
    job: report.job,
    server: session.url,
    source: sourceOf(prepared),
    path: sae.path,
    tensor: sae.decoder.name,
    ...(prepared.shard && { shard: formatShard(prepared.shard) }),
    rows: report.planned,
    confirmed: report.confirmed,
    notStored: { ...prepared.notStored, ...(!prepared.delivery.format.values && { [decoderVectors]: true }) },
  };
  await writeReceipt(file, head, receiptRows(session, prepared, report));
  return file;
}

/** Returns the server's ids of the stored rows among `some`, in row order. */
export function idsOf(prepared: PreparedSae, { stored, ids }: JobReport, some = prepared.planned): string[] {
  const rows = [...eachRow(intersectRanges(intersectRanges(prepared.planned, stored), some))];
  const known = rows.map((row) => idOf(prepared, row, ids));
  return known.filter((id) => id !== undefined);
}

function idOf({ model, place, as, indices }: PreparedSae, row: number, ids: JobReport['ids']): string | undefined {
  return as === 'vectors' ? ids.get(row) : `${model.id}/${place.source}/${indices.indexOf(row)}`;
}

async function* receiptRows(session: Session, prepared: PreparedSae, report: JobReport): AsyncGenerator<ReceiptRow> {
  const { matrix, planned, withoutExamples, dead, indices } = prepared;
  const [isStored, isUnknown] = [membership(report.stored), membership(report.unknown)];
  const lost = lostFacts(prepared);
  for await (const { start, count, width, values } of rowBlocks(matrix, planned)) {
    for (let i = 0; i < count; i++) {
      const row = start + i;
      const index = indices.indexOf(row);
      const id = idOf(prepared, row, report.ids);
      const url = id === undefined ? undefined : session.idOrUrl(id);
      const why = report.quarantined.get(row);
      const open = isUnknown(row) ? unanswered : 'pending';
      const status = isStored(row) ? 'stored' : why === undefined ? open : `quarantined: ${why}`;
      yield { row, index, id, url, vectorHash: vectorHash(values, i * width, width), status, ...(await lost(row)) };
    }
  }
  for (const [row, why] of prepared.quarantined) {
    yield { row, index: indices.indexOf(row), status: `quarantined: ${why}`, ...(await lost(row)) };
  }
  for (const row of eachRow(withoutExamples))
    yield {
      row,
      index: indices.indexOf(row),
      status: 'without examples: not taken by this server',
      ...(await lost(row)),
    };
  for (const row of eachRow(dead)) yield { row, index: indices.indexOf(row), status: 'dead: left out (--skip-dead)' };
}

/** Returns a reader of the facts about a row if the server drops any of them: only the receipt keeps these. */
function lostFacts({ facts, lostFields }: PreparedSae): (row: number) => Promise<ReceiptRow> {
  if (!facts || Object.keys(lostFields).length === 0) return async () => ({});
  return async (row) => {
    const { name, description, density, metadata } = (await facts.data.read(row)) ?? {};
    return { name, description, ...(densities in lostFields && { density }), metadata };
  };
}
