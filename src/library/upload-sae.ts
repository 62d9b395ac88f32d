import { checkOptions, checkValue } from '../check-options.ts';
import { AppError, isAway, isStopped, isWrongInput, mostListed, toAppError } from '../errors.ts';
import { type Sae, titleOf } from '../layouts/sae.ts';
import { mergeRanges } from '../tensor/ranges.ts';
import type { OnEvent } from '../upload/events.ts';
import type { PreparedSae } from '../upload/kinds/prepared-sae.ts';
import { prepareSae } from '../upload/kinds/sae.ts';
import { sendSae } from '../upload/kinds/send-sae.ts';
import type { Server } from '../upload/server.ts';
import { isTimeUp } from '../upload/time-limit.ts';
import { findChosen } from './choose-saes.ts';
import { closeAfter } from './close-after.ts';
import { whatHolds } from './held.ts';
import { listener } from './listener.ts';
import { paths as pathsRule, saeRules } from './option-rules.ts';
import { isReason, serverOf, stopOf, throwIfStopped, uploadRun } from './run-options.ts';
import { type SaeEnd, type SaeHooks, type SaeUpload, sourceOf } from './sae-upload.ts';
import { sendWhenOpen } from './send-when-open.ts';
import { askedOnce, type Looking, whileLooking } from './while-looking.ts';

/**
 * Uploads every SAE under some paths, each as a job of its own, or resumes what an earlier run left. All are found and
 * checked before the first is sent. If one of several fails, the others are still sent, and its end holds the error.
 *
 * Errors: usage, checkpoint_mismatch, all of exit code 6 (for several SAEs, `details.failed` has each that failed), those of
 * connecting, the signal's reason if it fires before anything is sent and, for a single SAE, those of sending.
 */
export async function uploadSae(
  paths: string | readonly string[],
  given: SaeUpload,
  hooks: SaeHooks = {},
): Promise<readonly SaeEnd[]> {
  checkValue('paths', paths, pathsRule);
  checkOptions(given, saeRules);
  const { layers, features } = given;
  const upload: SaeUpload = {
    ...given,
    ...(layers && { layers: mergeRanges(layers) }),
    ...(features && { features: mergeRanges(features) }),
    onEvent: listener(given.onEvent),
  };
  return closeAfter(async (own) => {
    const saes = await findChosen([paths].flat(), upload, own, (message) => {
      hooks.leftOut?.(message);
      upload.onEvent?.({ type: 'warning', message });
    });
    const looking = whileLooking(await serverOf(upload), stopOf(upload));
    const { server } = looking;
    const checking = askedOnce(server);
    const prepared: PreparedSae[] = [];
    const faults: AppError[] = [];
    for (const sae of saes) {
      const one = check(sae, upload, checking, hooks);
      const checked = await (saes.length > 1 ? one.catch((error) => faultOf(error, sae)) : one);
      if (checked instanceof AppError) faults.push(checked);
      else prepared.push(own(checked));
    }
    if (faults.length > 0) throw allOf(faults);
    refuseSameSource(prepared);
    if ((await hooks.planned?.(prepared, server)) === false) return [];
    const ends: SaeEnd[] = [];
    for (const one of prepared)
      ends.push(await sendNext(one, upload, looking, hooks, ends.at(-1), prepared.length > 1));
    return ends;
  });
}

function check(sae: Sae, upload: SaeUpload, server: Server, hooks: SaeHooks): Promise<PreparedSae> {
  const { stateDir, restart = false } = upload;
  const prepare = (tell: OnEvent) =>
    prepareSae(sae, upload, {
      server,
      stateDir,
      restart,
      onEvent: (event) => {
        // Events come after each block, so that a stopped check does not read a file of many gigabytes to its end.
        throwIfStopped(upload);
        tell(event);
        upload.onEvent?.(event);
      },
    });
  return hooks.checking ? hooks.checking(sae, prepare) : prepare(() => undefined);
}

/** Adds to an error which of several SAEs, and which head of a crosscoder, it is about. Rethrows what is not wrong input. */
function faultOf(error: unknown, sae: Sae): AppError {
  if (!isWrongInput(error)) throw error;
  const title = titleOf(sae);
  const message = error.message.includes(title) ? error.message : `${title}: ${error.message}`;
  return error.with({ message, details: { file: sae.file.path, sae: title } });
}

/** An SAE that failed the check, and why. If one of several fails it, none is sent. */
export interface RefusedSae {
  /** Its path and, for a crosscoder, which head it is. */
  readonly sae: string;
  readonly code: string;
  readonly exitCode: number;
  readonly message: string;
  readonly hints: readonly string[];
}

/** Each head of a crosscoder has a hint of its own, and a few show what the others are like. */
const mostHints = 5;

/** Combines what is wrong with some of several SAEs into one error. */
function allOf(faults: readonly AppError[]): AppError {
  const [first, second] = faults as [AppError, ...AppError[]];
  const failed = faults.map(
    ({ code, exitCode, message, hints, details }): RefusedSae => ({
      ...{ sae: String(details.sae), code, exitCode, message, hints },
    }),
  );
  if (second === undefined) return first.with({ details: { failed } });
  const isSame = faults.every(({ details }) => details.missing === first.details.missing && details.head === undefined);
  return new AppError(first.code, `${faults.length} SAEs cannot be uploaded`, {
    findings: { first: faults.slice(0, mostListed).map(({ message }) => message), count: faults.length },
    hints: [...new Set(faults.flatMap(({ hints }) => hints))].slice(0, mostHints),
    details: { failed, ...(isSame && { missing: first.details.missing }) },
  });
}

/** Returns the SAEs of a command that failed the check; undefined for other errors, and if only one SAE was found. */
export function refusedSaes(error: unknown): readonly RefusedSae[] | undefined {
  return error instanceof AppError ? (error.details.failed as readonly RefusedSae[] | undefined) : undefined;
}

/** Sends one SAE, unless what ended the last one would end it too: a spent quota, a signal, or the end of the time. */
async function sendNext(
  prepared: PreparedSae,
  upload: SaeUpload,
  looking: Looking,
  hooks: SaeHooks,
  last: SaeEnd | undefined,
  several: boolean,
): Promise<SaeEnd> {
  const source = sourceOf(prepared);
  const held = whatHolds(stopOf(upload), last);
  if (held) return { source, prepared, held };
  looking.setSending(false);
  const send = async (tell: OnEvent) => {
    const run = await uploadRun(upload, looking.server, (event) => {
      // Nothing is in flight during look-ups, so there is nothing to wait for.
      if (event.type === 'looking') throwIfStopped(upload);
      if (event.type === 'progress') looking.setSending(true);
      tell(event);
      upload.onEvent?.({ ...event, source });
    });
    return sendWhenOpen(run, (now) => sendSae(prepared, upload.limits ?? {}, now));
  };
  try {
    const report = await (hooks.sending ? hooks.sending(prepared, send) : send(() => undefined));
    return { source, prepared, report };
  } catch (thrown) {
    // Time ran out during a look-up, or without an answer from the server: this run has nothing to report.
    if (isTimeUp(thrown) || (isTimeUp(upload.signal?.reason) && upload.abort?.aborted))
      return { source, prepared, held: { end: { type: 'time_up' } } };
    if (!several) throw thrown;
    if (isStopped(thrown) || isReason(thrown, upload) || (upload.abort?.aborted && isAway(thrown)))
      return { source, prepared, held: { end: { type: 'stopped' } } };
    return { source, prepared, error: toAppError(thrown) };
  }
}

/** Refuses two SAEs that would be mixed in one source. Error: layout_unknown. */
function refuseSameSource(prepared: readonly PreparedSae[]): void {
  const seen = new Map<string, Sae>();
  for (const one of prepared) {
    const { sae } = one;
    const source = `${one.model.id}/${one.place.source}`;
    const other = seen.get(source);
    if (other !== undefined) {
      throw new AppError('layout_unknown', `${titleOf(other)} and ${titleOf(sae)} would both go into ${source}`, {
        hints:
          other.file === sae.file
            ? ['put {head} into --sae-id, or say with --head I=MODEL:LAYER that they belong to different places']
            : ['upload each with a command of its own, with its path and an --sae-id of its own'],
      });
    }
    seen.set(source, sae);
  }
}
