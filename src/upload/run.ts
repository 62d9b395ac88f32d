import type { Ranges } from '../tensor/ranges.ts';
import type { Matrix } from '../tensor/tensor.ts';
import type { RequireUnchanged } from '../tensor/unchanged.ts';
import type { Delivery, Reopening } from './delivery.ts';
import type { OnEvent } from './events.ts';
import type { Server } from './server.ts';
import type { Shard } from './shard.ts';

/** A command line: the words after the program's name, and the folder that its paths are relative to. */
export interface Typed {
  readonly words: readonly string[];
  readonly folder: string;
  /** Whether it selects rows, so that other rows of the same upload belong to another command. */
  readonly isPart?: boolean;
}

/** What every upload needs from its caller, whatever it uploads. */
export interface UploadRun {
  readonly server: Server;
  readonly stateDir: string;
  readonly restart: boolean;
  readonly forceUnlock: boolean;
  /** How long a server may still be working on a request whose connection was lost. */
  readonly settleTimeoutMs: number;
  /** The command to type to go on. */
  readonly command: string;
  /** The same command as words, for reading again later what was sent. */
  readonly typed?: Typed;
  /** When a quota is spent, sleep until it is reset instead of ending. */
  readonly wait: boolean;
  /** Begin a vector job even if the server cannot list what is there. */
  readonly assumeNew: boolean;
  /** Fires at the first signal, or when the run's time is up (with `timeUp()` as its reason): nothing new is begun. */
  readonly stop: AbortSignal;
  /** Fires at the second signal, or some time after the run's time is up: what is in flight is left unknown. */
  readonly abort: AbortSignal;
  readonly onEvent: OnEvent;
  /** Called when a run has its lock, and again when it is done with its first look-ups. */
  readonly onStage?: (stage: 'locked' | 'begun') => void;
}

/** The part of these that checks and previews need, which write nothing. */
export type Looking = Pick<UploadRun, 'server' | 'stateDir' | 'restart' | 'onEvent'>;

/** Ceilings that a person may set below what the server allows. */
export interface SendLimits {
  readonly rows?: number;
  readonly bytes?: number;
  readonly inFlight?: number;
}

/** What a job is bound to, besides the server and the account. */
export interface JobIdentity {
  readonly model: string;
  readonly source: string;
  readonly as: 'features' | 'vectors' | 'vector' | 'probe' | 'activations';
  /** Tells apart jobs that share everything else: a digest of the whole request for a single vector. */
  readonly request?: string;
  /** What the server would know a single vector by, as a digest: one job at a time makes vectors with the same. */
  readonly vector?: string;
  /** The part of an SAE that the job uploads, if several jobs share it. */
  readonly shard?: Shard;
}

/** A checked upload: what goes where, and how. */
export interface JobInput extends UploadRun {
  readonly identity: JobIdentity;
  /** The job's name for people. */
  readonly title: string;
  readonly matrix: Matrix;
  /** The rows that are to be on the server. */
  readonly planned: Ranges;
  /** Rows that are not planned because they failed the check, and why. */
  readonly quarantined?: ReadonlyMap<number, string>;
  /** Fingerprints of the blocks that planned rows lie in. */
  readonly blocks: ReadonlyMap<number, string>;
  /** The fields sent beside the values, as a JSON object. */
  readonly fields: string;
  readonly delivery: Delivery;
  /** Throws if the file has changed since it was checked; absent for data in memory. */
  readonly requireUnchanged?: RequireUnchanged;
  /** Whether the destination was made by this very run, so that nothing can be there. */
  readonly isNew: boolean;
}

/** How a run ended. In every case the journal holds where to go on. */
export type SendResult =
  | { readonly type: 'finished' }
  | { readonly type: 'stopped' }
  | ({ readonly type: 'quota' } & Reopening);

/** How a job stands when its run ends. Counts are rows. */
export interface JobReport {
  readonly job: string;
  readonly planned: number;
  /** Rows that the server has itself confirmed. */
  readonly confirmed: number;
  /** Of the confirmed rows, those that were there before this job sent them. */
  readonly found: number;
  /** Of the confirmed rows, those confirmed in this run. */
  readonly sent: number;
  readonly ids: ReadonlyMap<number, string>;
  /** The rows that are confirmed. */
  readonly stored: Ranges;
  /** Rows that were left out, and why: they failed the check, or the server keeps failing them. */
  readonly quarantined: ReadonlyMap<number, string>;
  /** Rows that were sent and had no answer. */
  readonly unknown: Ranges;
  readonly end: SendResult | { readonly type: 'time_up' };
}
