import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { openJsonText } from '../formats/json.ts';
import { openTensorFile } from '../formats/open.ts';
import { describe } from '../layouts/bare.ts';
import type { Direction } from '../layouts/direction.ts';
import type { UploadEvent } from '../upload/events.ts';
import { sendVector } from '../upload/kinds/send-vector.ts';
import { type PreparedVector, type ProbeFacts, prepareVector, type VectorOptions } from '../upload/kinds/vector.ts';
import { checkAfterwards } from './after-upload.ts';
import { attributesOf } from './attributes.ts';
import { closeAfter } from './close-after.ts';
import type { CommandContext } from './context.ts';
import { finishDirection } from './direction-end.ts';
import { warnNotStored } from './not-stored.ts';
import type { OptionValues } from './options.ts';
import { quotaLeft } from './quota-plan.ts';
import { checkReceipt } from './receipt.ts';
import { sendWhenOpen } from './send-when-open.ts';
import { openSession } from './session.ts';
import { withSpinner } from './spinner.ts';
import { withTimeLimit } from './time-limit.ts';
import { tellEvent, uploadRun } from './upload-run.ts';

const defaultStrength = 10;

/** What a command found in its file. */
export interface FoundDirection {
  readonly direction: Direction;
  readonly probe?: ProbeFacts;
  /** Lines that say more of it in the plan. */
  readonly notes: readonly string[];
}

/** Finds the direction that the options of a command name in its file. */
export type DirectionReader = (file: TensorFile, options: OptionValues) => Promise<FoundDirection>;

/** Uploads one direction, a steering vector or a probe; `read` finds it in the file. */
export function uploadDirection(given: CommandContext, read: DirectionReader): Promise<number> {
  const context = withTimeLimit(given);
  const { out, options } = context;
  return closeAfter(async (own) => {
    const [path] = context.args as [string];
    const file = own(path === '-' ? await readStandardInput(context) : await openTensorFile(path));
    const found = await read(file, options);
    const said = vectorOptions(options, found.probe);
    await checkReceipt(options.receipt);
    const session = own(await openSession(context));
    const { server, http } = own(await session.connect());
    const prepared = await prepareVector(found.direction, said, server);
    const { tensor, row } = found.direction;
    out.note(`vector   ${file.path}: ${describe(tensor)}${row === undefined ? '' : `, row ${row}`}`);
    for (const line of found.notes) out.note(line);
    out.note(`to       ${said.model} layer ${said.layer}, ${said.hook}, strength ${said.strength}, "${said.name}"`);
    out.note(
      `server   ${server.name} (${server.capabilities.kind}), account ${server.account.name}${quotaLeft(server)}`,
    );
    warnNotStored(out, server, [prepared.notStored]);
    const place = { model: said.model, source: `${said.layer}-neuronpedia-${said.hook}` };
    await checkAfterwards(options, http, place, options.activations !== undefined);
    if (options.dryRun) return finishDryRun(context, prepared);
    const upload = await uploadRun(context, session, server, (event) => tell(context, event));
    const report = await withSpinner(out, `uploading "${said.name}"`, () =>
      sendWhenOpen(context, upload, () => sendVector(prepared, upload)),
    );
    return finishDirection(context, session, http, prepared, report);
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
  if (size === 0) {
    throw new AppError('format_invalid', 'standard input: is empty', {
      hints: ["pipe a JSON array in: echo '[0.1, -0.2]' | neuronpedia upload-vector - …"],
    });
  }
  return openJsonText('standard input', Buffer.concat(chunks).toString('utf8'));
}

/** A vector is kilobytes of text. */
const longestInput = 64 << 20;

/** What the options say of a direction. Error: usage for a hook where none lives. */
export function vectorOptions(options: OptionValues, probe: ProbeFacts | undefined): VectorOptions {
  const { hook: typed = 'resid-post', createModel, activations } = options;
  // As TransformerLens writes it too: resid_post, hook_resid_post.
  const hook = typed.replaceAll('_', '-').replace(/^hook-/, '');
  if (hook !== 'resid-pre' && hook !== 'resid-post') {
    throw new AppError('usage', `--hook "${typed}": a direction of its own lives at resid-pre or resid-post`, {
      hints: ['directions at other hooks can be uploaded as features: neuronpedia upload-sae'],
    });
  }
  return {
    model: options.model as string,
    layer: options.layer as number,
    name: options.name as string,
    hook,
    strength: options.strength ?? defaultStrength,
    attributes: attributesOf(options),
    ...(probe && { probe }),
    ...(createModel !== undefined && { createModel }),
    ...(activations !== undefined && { activations }),
  };
}

/** One row makes no progress worth an event: only what went wrong on the way is told. */
function tell(context: CommandContext, event: UploadEvent): void {
  if (event.type === 'progress' || event.type === 'checking' || event.type === 'looking') return;
  tellEvent(context, event);
  context.out.document(event);
}

function finishDryRun({ out }: CommandContext, prepared: PreparedVector): number {
  const { matrix, destination, vectorHash, kind, notStored } = prepared;
  out.note('dry run: nothing was sent');
  out.document({
    type: 'summary',
    status: 'dry-run',
    kind,
    model: destination.modelId,
    layer: destination.layer,
    width: matrix.width,
    vectorHash,
    notStored: Object.keys(notStored),
  });
  return 0;
}
