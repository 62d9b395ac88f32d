import type { PreparedVector } from '../upload/kinds/vector.ts';
import type { JobReport } from '../upload/run.ts';
import { afterUpload } from './after-upload.ts';
import type { CommandContext } from './context.ts';
import { receiptLost, unanswered, writeReceipt } from './receipt.ts';
import type { Session, SignedIn } from './session.ts';
import { exitCodeOf, resumeFields, statusOf, tellEnd } from './upload-run.ts';

/**
 * Reports how the upload of one direction ended, writes its receipt, and does what was asked for after the upload.
 * Error: output_lost, thrown only once everything else is done and reported.
 */
export async function finishDirection(
  context: CommandContext,
  signedIn: SignedIn,
  prepared: PreparedVector,
  report: JobReport,
): Promise<number> {
  const { out, options } = context;
  const { session } = signedIn;
  const id = report.ids.get(0);
  const url = id === undefined ? undefined : session.idOrUrl(id);
  if (report.end.type === 'finished' && report.sent === 0) {
    out.note(
      `the ${prepared.kind} is already on the server and was not sent again; its description and metadata were not changed`,
    );
  }
  if (url !== undefined) out.result(url);
  tellEnd(context, report);
  const lost = await receiptLost(options.receipt, async (file) => {
    await writeDirectionReceipt(file, session, prepared, report);
    out.note(`receipt  ${file}`);
  });
  const done = id !== undefined && report.end.type === 'finished';
  const after = done ? await afterUpload(context, signedIn, { ids: () => [id], explainable: () => [id] }) : undefined;
  out.document({
    type: 'summary',
    status: after && after.status !== 'done' ? after.status : statusOf(report),
    kind: prepared.kind,
    job: report.job,
    id,
    url,
    sent: report.sent,
    found: report.found,
    vectorHash: prepared.vectorHash,
    notStored: Object.keys(prepared.notStored),
    ...after?.fields,
    ...resumeFields(report),
  });
  if (lost) throw lost;
  return Math.max(exitCodeOf(report), after?.exitCode ?? 0);
}

/** Writes the receipt of one direction. Error: output_lost. */
export function writeDirectionReceipt(
  path: string,
  session: Session,
  { kind, destination, name, vectorHash, notStored }: PreparedVector,
  report: JobReport,
): Promise<void> {
  const id = report.ids.get(0);
  const url = id === undefined ? undefined : session.idOrUrl(id);
  const { modelId: model, layer, hookType, strength } = destination;
  const head = {
    command: `upload-${kind}`,
    job: report.job,
    server: session.url,
    ...{ model, layer, hookType, name, strength, notStored },
  };
  const open = report.unknown.length > 0 ? unanswered : 'pending';
  return writeReceipt(path, head, [{ row: 0, id, url, vectorHash, status: id === undefined ? open : 'stored' }]);
}
