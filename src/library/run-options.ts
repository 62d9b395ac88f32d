import { checkValue } from '../check-options.ts';
import { AppError } from '../errors.ts';
import { writeHint } from '../file-fault.ts';
import { makeDurableFolder } from '../upload/durable-folder.ts';
import type { OnEvent } from '../upload/events.ts';
import type { Typed, UploadRun } from '../upload/run.ts';
import type { Server } from '../upload/server.ts';
import { connected } from './option-rules.ts';

/** Options of every upload, whatever it uploads. */
export interface RunOptions {
  /** The server of a connection, or a function that opens one, which is called once the files have been found. */
  readonly server: Server | (() => Promise<Server>);
  /** Folder of journals and locks; the same folder must be given to resume an upload. Created if there is none. */
  readonly stateDir: string;
  /** Ends the upload in order: requests in flight are finished, nothing new is begun, and the report says `stopped`. */
  readonly signal?: AbortSignal;
  /** Also cuts off requests that are sending rows. Other requests end when the connection is closed. */
  readonly abort?: AbortSignal;
  /** Forget the journal; rows already on the server are still found and not sent again. */
  readonly restart?: boolean;
  /** Break another run's lock. */
  readonly forceUnlock?: boolean;
  /** How long a server may still work on a request whose connection was lost (30,000 ms). */
  readonly settleTimeoutMs?: number;
  /** When a quota is spent, sleep until it is reset instead of ending. */
  readonly wait?: boolean;
  /** Begin to upload vectors even if the server cannot list those that it has. */
  readonly assumeNew?: boolean;
  /** What a person would type to go on, for the journal. */
  readonly command?: string;
  /** The same command as words, for reading again later what was sent. */
  readonly typed?: Typed;
}

/** Default of `settleTimeoutMs`. */
export const defaultSettleMs = 30_000;
const never = new AbortController().signal;

/** Builds what the core needs for a run, and creates its state folder. Error: checkpoint_damaged if it cannot. */
export async function uploadRun(options: RunOptions, server: Server, onEvent: OnEvent): Promise<UploadRun> {
  const { stateDir, abort = never, settleTimeoutMs = defaultSettleMs } = options;
  const stop = stopOf(options) ?? never;
  const { restart = false, forceUnlock = false, wait = false, assumeNew = false, command = '' } = options;
  await makeDurableFolder(stateDir).catch((cause) => {
    throw new AppError('checkpoint_damaged', `${stateDir}: progress cannot be kept there (${cause.code})`, {
      hints: [writeHint(cause, 'choose another with NEURONPEDIA_STATE_DIR')],
      cause,
    });
  });
  const { typed } = options;
  const how = { restart, forceUnlock, settleTimeoutMs, command, ...(typed && { typed }), wait, assumeNew };
  return { server, stateDir, ...how, stop, abort, onEvent };
}

/** The signal that ends an upload in order: either of the two, because after `abort` nothing new may begin either. */
export function stopOf({ signal, abort }: Pick<RunOptions, 'signal' | 'abort'>): AbortSignal | undefined {
  return signal && abort ? AbortSignal.any([signal, abort]) : (signal ?? abort);
}

/** Returns the server, and connects first if need be. Errors: those of connecting. */
export async function serverOf({ server }: RunOptions): Promise<Server> {
  if (typeof server !== 'function') return server;
  const opened = await server();
  checkValue('what `server` returned', opened, connected);
  return opened;
}

/** Whether something thrown is the reason of a signal that has fired. */
export function isReason(thrown: unknown, { signal, abort }: Pick<RunOptions, 'signal' | 'abort'>): boolean {
  return [signal, abort].some((one) => one?.aborted && one.reason === thrown);
}

/** Throws the reason of a signal that has fired. For work with nothing in flight that would have to end in order. */
export function throwIfStopped({ signal, abort }: Pick<RunOptions, 'signal' | 'abort'>): void {
  signal?.throwIfAborted();
  abort?.throwIfAborted();
}
