import { checkOptions, checkValue } from '../check-options.ts';
import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { openTensorFile } from '../formats/open.ts';
import { type Direction, type DirectionOptions, readDirection, refuseLong } from '../layouts/direction.ts';
import { type Probe, type ProbeOptions, readProbe } from '../layouts/probe.ts';
import { present } from '../present.ts';
import { inMemory } from '../tensor/tensor.ts';
import type { UploadEvent } from '../upload/events.ts';
import { sendVector } from '../upload/kinds/send-vector.ts';
import { type PreparedVector, type ProbeFacts, prepareVector, type VectorOptions } from '../upload/kinds/vector.ts';
import type { JobReport } from '../upload/run.ts';
import type { Server } from '../upload/server.ts';
import { defaultStrength } from '../upload/strength.ts';
import { vectorHook } from '../upload/vector-source.ts';
import { closeAfter } from './close-after.ts';
import { listener } from './listener.ts';
import { probeRules, vectorRules, vectorSourceRule } from './option-rules.ts';
import { type RunOptions, serverOf, stopOf, throwIfStopped, uploadRun } from './run-options.ts';
import { sendWhenOpen } from './send-when-open.ts';
import { whileLooking } from './while-looking.ts';

/**
 * The path of a file, an open file (which stays open), or the values themselves. Values are copied before the call returns,
 * so that their array can be used again at once.
 */
export type VectorSource = string | TensorFile | Float32Array;

interface DirectionUpload extends Omit<VectorOptions, 'hook' | 'strength' | 'probe'>, RunOptions {
  /** Where it acts: `resid-post` (the default) or `resid-pre`, which may also be spelt as in TransformerLens. */
  readonly hook?: string;
  /** Steering strength, -300 to 300: 10 unless said otherwise. */
  readonly strength?: number;
  /** Called with each event. What it throws ends the upload, and so does a promise that rejects while the upload runs. */
  readonly onEvent?: (event: UploadEvent) => void;
}

/** What to upload as a steering vector, where to, and how. */
export interface VectorUpload extends DirectionUpload, DirectionOptions {}

/** What to upload as a linear probe, where to, and how. If no bias is given, the file's is used. */
export interface ProbeUpload extends DirectionUpload, ProbeOptions, ProbeFacts {}

/** What a front end does around the parts of an upload. */
export interface VectorHooks<D extends Direction = Direction> {
  /** Called when everything is checked and nothing is written yet; `false` ends the upload here. */
  planned?(prepared: PreparedVector, direction: D, server: Server): Promise<boolean>;
  /** Around the sending; must run it and return its result. */
  sending?(send: () => Promise<JobReport>): Promise<JobReport>;
}

/** How the upload of a direction ended. */
export interface VectorEnd {
  /** Its id on the server, once it is there. */
  readonly id: string | undefined;
  readonly prepared: PreparedVector;
  readonly report: JobReport;
}

/**
 * Uploads one steering vector, or finds that an earlier run did. Undefined if a hook ended the upload.
 * Errors: usage, all of exit code 6, those of connecting and sending, and the reason of a signal that fires before sending.
 */
export function uploadVector(source: VectorSource, upload: VectorUpload): Promise<VectorEnd>;
export function uploadVector(
  source: VectorSource,
  upload: VectorUpload,
  hooks: VectorHooks | undefined,
): Promise<VectorEnd | undefined>;
export async function uploadVector(
  source: VectorSource,
  upload: VectorUpload,
  hooks: VectorHooks = {},
): Promise<VectorEnd | undefined> {
  checkOptions(upload, vectorRules);
  return withFile(source, upload, async (file) => {
    const direction = 'values' in file ? file : await readDirection(file, upload);
    return send(direction, upload, undefined, hooks);
  });
}

/** Uploads one linear probe or concept direction, in the same way. */
export function uploadProbe(source: VectorSource, upload: ProbeUpload): Promise<VectorEnd>;
export function uploadProbe(
  source: VectorSource,
  upload: ProbeUpload,
  hooks: VectorHooks<Probe> | undefined,
): Promise<VectorEnd | undefined>;
export async function uploadProbe(
  source: VectorSource,
  upload: ProbeUpload,
  hooks: VectorHooks<Probe> = {},
): Promise<VectorEnd | undefined> {
  checkOptions(upload, probeRules);
  return withFile(source, upload, async (file) => {
    const probe: Probe = 'values' in file ? { ...file, classes: 1 } : await readProbe(file, upload);
    const bias = upload.bias ?? probe.bias;
    return send(probe, upload, { concept: upload.concept, ...(bias !== undefined && { bias }) }, hooks);
  });
}

function withFile<T>(
  source: VectorSource,
  choice: DirectionOptions & ProbeOptions,
  work: (file: TensorFile | Direction) => Promise<T>,
): Promise<T> {
  checkValue('the source', source, vectorSourceRule);
  if (source instanceof Float32Array) {
    refuseChoice(choice);
    return work(copyOf(source));
  }
  return closeAfter(async (own) => work(typeof source === 'string' ? own(await openTensorFile(source)) : source));
}

/** Refuses options that choose or change what a file holds, if there is no file. Error: usage. */
function refuseChoice({ tensor, row, classIndex, scaling }: DirectionOptions & ProbeOptions): void {
  const [name] = Object.keys(present({ tensor, row, classIndex, scaling }));
  if (name === undefined) return;
  throw new AppError('usage', `${name} is about a file, but the values themselves were given`, {
    hints: [`leave ${name} out, or give the path of the file`],
    details: { option: name },
  });
}

/** Copies values: their owner may change them while they are checked and sent. Error: wrong_width. */
function copyOf(given: Float32Array): Direction {
  const described = (values: Float32Array) => ({ file: 'the values given', name: '', ...inMemory(values) });
  refuseLong(described(given), given.length);
  const values = new Float32Array(given);
  return { tensor: described(values), values };
}

async function send<D extends Direction>(
  direction: D,
  upload: DirectionUpload,
  probe: ProbeFacts | undefined,
  hooks: VectorHooks<D>,
): Promise<VectorEnd | undefined> {
  const { strength = defaultStrength } = upload;
  const hook = vectorHook(upload.hook ?? 'resid-post', upload.layer);
  const { server, setSending } = whileLooking(await serverOf(upload), stopOf(upload));
  const prepared = await prepareVector(direction, { ...upload, hook, strength, ...(probe && { probe }) }, server);
  if ((await hooks.planned?.(prepared, direction, server)) === false) return undefined;
  throwIfStopped(upload);
  const tell = listener(upload.onEvent);
  const run = await uploadRun(upload, server, (event) => {
    if (event.type === 'progress') setSending(true);
    tell(event);
  });
  const sendOne = () => sendWhenOpen(run, (now) => sendVector(prepared, now));
  const report = await (hooks.sending ? hooks.sending(sendOne) : sendOne());
  return { id: report.ids.get(0), prepared, report };
}
