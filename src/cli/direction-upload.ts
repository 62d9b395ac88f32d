import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { openJsonText } from '../formats/json.ts';
import { describe } from '../layouts/describe.ts';
import type { Direction } from '../layouts/direction.ts';
import { closeAfter } from '../library/close-after.ts';
import type { VectorEnd, VectorHooks, VectorUpload } from '../library/upload-vector.ts';
import { present } from '../present.ts';
import type { UploadEvent } from '../upload/events.ts';
import { previewVector } from '../upload/kinds/send-vector.ts';
import type { PreparedVector } from '../upload/kinds/vector.ts';
import type { Server } from '../upload/server.ts';
import { vectorHook, vectorSource } from '../upload/vector-source.ts';
import { checkAfterwards, checkExplainUsage } from './after-upload.ts';
import { attributesOf } from './attributes.ts';
import type { CommandContext } from './context.ts';
import { finishDirection } from './direction-end.ts';
import { warnNotStored } from './not-stored.ts';
import type { OptionValues } from './options.ts';
import { type OutageTeller, outageTeller } from './outage.ts';
import { checkReceipt } from './receipt.ts';
import { serverLines } from './sae-plan.ts';
import { signingIn } from './session.ts';
import { withSpinner } from './spinner.ts';
import { readStandardInput } from './standard-input.ts';
import { withTimeLimit } from './time-limit.ts';
import { lookOptions, runOptions, tellEvent } from './upload-run.ts';

/** Uploads, through the library, the direction that the options select from a file or from standard input. */
export type SendDirection<D extends Direction> = (
  source: string | TensorFile,
  options: OptionValues,
  upload: VectorUpload,
  hooks: VectorHooks<D>,
) => Promise<VectorEnd | undefined>;

/** Uploads one direction, a steering vector or a probe; `notes` returns further lines about it for the plan. */
export function uploadDirection<D extends Direction>(
  given: CommandContext,
  send: SendDirection<D>,
  notes: (direction: D) => readonly string[] = () => [],
): Promise<number> {
  return withTimeLimit(given, (context) => uploadWithin(context, send, notes));
}

function uploadWithin<D extends Direction>(
  context: CommandContext,
  send: SendDirection<D>,
  notes: (direction: D) => readonly string[],
): Promise<number> {
  const { out, options } = context;
  return closeAfter(async (own) => {
    const [path] = context.args as [string];
    const said = vectorOptions(options);
    checkExplainUsage(options);
    const source = path === '-' ? own(await readVector(context)) : path;
    const signedIn = signingIn(context, own, () => checkReceipt(options.receipt));
    const server = async () => (await signedIn()).connection.server;
    const outages = outageTeller();
    const onEvent = (event: UploadEvent) => tell(context, event, outages);
    const end = await send(
      source,
      options,
      { ...said, ...runOptions(context), server, onEvent },
      {
        planned: async (prepared, direction, server) => {
          showDirection(context, server, prepared, direction, notes(direction));
          const source = vectorSource(said.layer, prepared.destination.hookType);
          const place = { model: said.model, source };
          const { http } = (await signedIn()).connection;
          await checkAfterwards(options, http, place, options.activations !== undefined);
          if (options.dryRun) await dryRun(context, server, prepared);
          return !options.dryRun;
        },
        sending: (work) => withSpinner(out, `uploading "${said.name}"`, work),
      },
    );
    return end ? finishDirection(context, await signedIn(), end.prepared, end.report) : 0;
  });
}

/** Shows what goes where, before anything is sent. */
function showDirection(
  { out, options }: CommandContext,
  server: Server,
  { destination, name, notStored, remarks }: PreparedVector,
  { tensor, row, values }: Direction,
  notes: readonly string[],
): void {
  const { strength, layer } = destination;
  out.note(`vector   ${tensor.file}: ${describe(tensor)}${row === undefined ? '' : `, row ${row}`}`);
  for (const line of notes) out.note(line);
  out.note(`to       ${options.model} layer ${layer}, ${hookOf(options)}, strength ${strength}, "${name}"`);
  for (const line of serverLines(server, attributesOf(options))) out.note(line);
  for (const remark of remarks) out.warn(remark);
  warnNotStored(out, server, [notStored]);
  if (values.every((value) => value === 0)) out.warn('all its values are 0: steering with it has no effect');
}

/** Reads JSON from standard input: an array of numbers, or an object that holds some. Errors: format_invalid. */
async function readVector(context: CommandContext): Promise<TensorFile> {
  const bytes = await readStandardInput(context, longestInput);
  if (bytes.length > longestInput) {
    throw new AppError('format_invalid', `standard input: longer than ${longestInput} bytes`, {
      hints: ['name a file instead: .npy, .safetensors and the like are read from files of any size'],
    });
  }
  if (bytes.length === 0) {
    throw new AppError('format_invalid', 'standard input is empty', {
      hints: ["pipe a JSON array in: echo '[0.1, -0.2]' | neuronpedia upload-vector - …"],
    });
  }
  if (!/^(\xef\xbb\xbf)?\s*[[{]/.test(Buffer.from(bytes.subarray(0, 1 << 16)).toString('latin1'))) {
    throw new AppError(
      'format_invalid',
      'standard input: expected a JSON array of numbers, the only format accepted there',
      {
        hints: ["for other formats, give the file's name: neuronpedia upload-vector FILE"],
      },
    );
  }
  return openJsonText('standard input', bytes);
}

/** Far more than a vector needs, which is kilobytes of text. */
const longestInput = 64 << 20;

/** Turns the options for a direction into those of the library. Error: usage for a hook that takes no directions. */
export function vectorOptions(options: OptionValues) {
  const { createModel, activations, strength } = options;
  return {
    model: options.model as string,
    layer: options.layer as number,
    name: options.name as string,
    hook: hookOf(options),
    attributes: attributesOf(options),
    ...present({ strength, createModel, activations }),
  };
}

function hookOf({ hook = 'resid-post', layer }: OptionValues) {
  return vectorHook(hook, layer);
}

/** Reports events other than those of progress, which say nothing for a single row. */
function tell(context: CommandContext, event: UploadEvent, outages: OutageTeller): void {
  if (event.type === 'progress' || event.type === 'checking' || event.type === 'looking') return;
  tellEvent(context, event, outages);
  context.out.document(event);
}

/** Does everything except writing, and shows whether the server has the direction already. */
async function dryRun(context: CommandContext, server: Server, prepared: PreparedVector): Promise<void> {
  const { out } = context;
  const { matrix, destination, name, vectorHash, kind, notStored } = prepared;
  const { there, toSend } = await withSpinner(out, `looking up "${name}"`, () =>
    previewVector(prepared, lookOptions(context, server)),
  );
  out.note(`dry run: nothing was sent${there > 0 ? `; the ${kind} is already on the server` : ''}`);
  out.document({
    type: 'summary',
    status: 'dry-run',
    kind,
    model: destination.modelId,
    layer: destination.layer,
    width: matrix.width,
    vectorHash,
    notStored: Object.keys(notStored),
    ...{ there, toSend },
  });
}
