import { AppError } from '../../errors.ts';
import type { TensorFile } from '../../formats/format.ts';
import { openJsonText } from '../../formats/json.ts';
import { openTensorFile } from '../../formats/open.ts';
import { describe } from '../../layouts/bare.ts';
import type { UploadEvent } from '../../upload/events.ts';
import { sendVector } from '../../upload/kinds/send-vector.ts';
import { type PreparedVector, pickVector, prepareVector, type VectorOptions } from '../../upload/kinds/vector.ts';
import type { JobReport } from '../../upload/run-job.ts';
import { closeAfter } from '../close-after.ts';
import type { CommandContext } from '../context.ts';
import type { OptionValues } from '../options.ts';
import { quotaLeft } from '../quota-plan.ts';
import { checkReceipt, writeReceipt } from '../receipt.ts';
import { sendWhenOpen } from '../send-when-open.ts';
import { openSession, type Session } from '../session.ts';
import { withSpinner } from '../spinner.ts';
import { withTimeLimit } from '../time-limit.ts';
import { exitCodeOf, resumeFields, statusOf, tellEnd, tellEvent, uploadRun } from '../upload-run.ts';

const defaultStrength = 10;

/** `upload-vector FILE`: one steering vector; prints the URL of what it made. */
export function run(given: CommandContext): Promise<number> {
  const context = withTimeLimit(given);
  const { out, options } = context;
  return closeAfter(async (own) => {
    const [path] = context.args as [string];
    const file = own(path === '-' ? await readStandardInput(context) : await openTensorFile(path));
    const tensor = pickVector(file, options.tensor);
    const said = vectorOptions(options);
    await checkReceipt(options.receipt);
    const session = own(await openSession(context));
    const { server } = own(await session.connect());
    const prepared = await prepareVector(file, tensor, said, server);
    out.note(`vector   ${file.path}: ${describe(tensor)}`);
    out.note(`to       ${said.model} layer ${said.layer}, ${said.hook}, strength ${said.strength}, "${said.name}"`);
    out.note(
      `server   ${server.name} (${server.capabilities.kind}), account ${server.account.name}${quotaLeft(server)}`,
    );
    if (options.dryRun) return finishDryRun(context, prepared);
    const upload = await uploadRun(context, session, server, (event) => tell(context, event));
    const report = await withSpinner(out, `uploading "${said.name}"`, () =>
      sendWhenOpen(context, upload, () => sendVector(prepared, upload)),
    );
    return finish(context, session, prepared, report);
  });
}

/** A JSON array of numbers piped in. Errors: format_invalid. */
async function readStandardInput({ stdin }: CommandContext): Promise<TensorFile> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    size += chunk.length;
    if (size > longestInput) {
      throw new AppError('format_invalid', `standard input: longer than ${longestInput} bytes`, {
        hints: ['name a file instead: .npy, .safetensors and the like are read from files of any size'],
      });
    }
    chunks.push(Buffer.from(chunk));
  }
  return openJsonText('standard input', Buffer.concat(chunks).toString('utf8'));
}

/** A vector is kilobytes of text. */
const longestInput = 64 << 20;

function vectorOptions(options: OptionValues): VectorOptions {
  const { hook = 'resid-post', createModel, activations } = options;
  if (hook !== 'resid-pre' && hook !== 'resid-post') {
    throw new AppError('usage', `--hook "${hook}": a steering vector lives at resid-pre or resid-post`, {
      hints: ['directions at other hooks can be uploaded as features: neuronpedia upload-sae'],
    });
  }
  return {
    model: options.model as string,
    layer: options.layer as number,
    name: options.name as string,
    hook,
    strength: options.strength ?? defaultStrength,
    ...(createModel !== undefined && { createModel }),
    ...(activations !== undefined && { activations }),
  };
}

/** One row makes no progress worth an event: only what goes wrong on the way is told. */
function tell(context: CommandContext, event: UploadEvent): void {
  if (event.type === 'progress' || event.type === 'checking' || event.type === 'looking') return;
  tellEvent(context, event);
  context.out.document(event);
}

function finishDryRun({ out }: CommandContext, { matrix, destination, vectorHash }: PreparedVector): number {
  out.note('dry run: nothing was sent');
  out.document({
    type: 'summary',
    status: 'dry-run',
    model: destination.modelId,
    layer: destination.layer,
    width: matrix.width,
    vectorHash,
  });
  return 0;
}

async function finish(
  context: CommandContext,
  session: Session,
  prepared: PreparedVector,
  report: JobReport,
): Promise<number> {
  const { out, options } = context;
  const id = report.ids.get(0);
  const url = id === undefined ? undefined : session.idOrUrl(id);
  if (report.found > 0) out.note('it was there already; nothing was sent');
  if (url !== undefined) out.result(url);
  tellEnd(context, report);
  const { vectorHash, name, destination } = prepared;
  out.document({
    type: 'summary',
    status: statusOf(report),
    job: report.job,
    id,
    url,
    sent: report.sent,
    found: report.found,
    vectorHash,
    ...resumeFields(report),
  });
  if (options.receipt !== undefined) {
    const { modelId: model, layer, hookType, strength } = destination;
    const head = {
      command: 'upload-vector',
      job: report.job,
      server: session.url,
      model,
      layer,
      hookType,
      name,
      strength,
    };
    await writeReceipt(options.receipt, head, [
      { row: 0, id, url, vectorHash, status: id === undefined ? 'pending' : 'stored' },
    ]);
  }
  return exitCodeOf(report);
}
