import { AppError } from '../errors.ts';
import { makeDurableFolder } from '../upload/durable-folder.ts';
import type { OnEvent } from '../upload/events.ts';
import type { Typed, UploadRun } from '../upload/run.ts';
import type { Server } from '../upload/server.ts';

/** What every upload is told besides what it is of. */
export interface RunOptions {
  /** The server, of a connection; or who opens one, asked for it once the files have been found. */
  readonly server: Server | (() => Promise<Server>);
  /** Folder of journals and locks: the same one again is how an upload goes on. Made where there is none. */
  readonly stateDir: string;
  /** Ends the upload in order: what is in flight ends, nothing new is begun, and the report says `stopped`. */
  readonly signal?: AbortSignal;
  /** Cuts off what is being sent, too. What is merely asked ends when the connection is closed. */
  readonly abort?: AbortSignal;
  /** Forget the journal; rows already on the server are still found and not sent again. */
  readonly restart?: boolean;
  /** Break another run's lock. */
  readonly forceUnlock?: boolean;
  /** How long a server may still work on a request whose connection was lost (30,000 ms). */
  readonly settleTimeoutMs?: number;
  /** When a quota is spent, sleep until it is reset instead of ending. */
  readonly wait?: boolean;
  /** Begin with vectors although the server cannot list those that it has. */
  readonly assumeNew?: boolean;
  /** What a person would type to go on, for the journal. */
  readonly command?: string;
  /** The same as words, for a later look at what was sent. */
  readonly typed?: Typed;
}

/** How long a server may go on working on a request whose connection was lost, where nobody says. */
export const defaultSettleMs = 30_000;
const never = new AbortController().signal;

/** What the core wants to be told of a run. Makes its state folder. Error: checkpoint_damaged where it cannot. */
export async function uploadRun(options: RunOptions, server: Server, onEvent: OnEvent): Promise<UploadRun> {
  const { stateDir, abort = never, settleTimeoutMs = defaultSettleMs } = options;
  const stop = stopOf(options) ?? never;
  const { restart = false, forceUnlock = false, wait = false, assumeNew = false, command = '' } = options;
  await makeDurableFolder(stateDir).catch((cause) => {
    throw new AppError('checkpoint_damaged', `${stateDir}: progress cannot be kept there (${cause.code})`, {
      hints: ['make it a folder that you may write to, or choose another with NEURONPEDIA_STATE_DIR'],
      cause,
    });
  });
  const { typed } = options;
  const how = { restart, forceUnlock, settleTimeoutMs, command, ...(typed && { typed }), wait, assumeNew };
  return { server, stateDir, ...how, stop, abort, onEvent };
}

/** Ends an upload in order: what is to end at once is to begin nothing more either. */
export function stopOf({ signal, abort }: Pick<RunOptions, 'signal' | 'abort'>): AbortSignal | undefined {
  return signal && abort ? AbortSignal.any([signal, abort]) : (signal ?? abort);
}

/** The server that is meant. Errors: those of connecting. */
export function serverOf({ server }: RunOptions): Promise<Server> | Server {
  return typeof server === 'function' ? server() : server;
}

/** For work that has nothing under way which would have to end in order: throws what it was stopped with. */
export function throwIfStopped({ signal, abort }: Pick<RunOptions, 'signal' | 'abort'>): void {
  signal?.throwIfAborted();
  abort?.throwIfAborted();
}
