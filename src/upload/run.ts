import type { Ranges } from '../tensor/ranges.ts';
import type { Matrix } from '../tensor/tensor.ts';
import type { RequireUnchanged } from '../tensor/unchanged.ts';
import type { Delivery, Reopening } from './delivery.ts';
import type { OnEvent } from './events.ts';
import type { Server } from './server.ts';
import type { Shard } from './shard.ts';

/** A command line: its words behind the program's name, and the folder that paths in it are relative to. */
export interface Typed {
  readonly words: readonly string[];
  readonly folder: string;
  /** It names rows: others of the same upload are another command's. */
  readonly isPart?: boolean;
}

/** What every upload needs from who started it, whatever it uploads. */
export interface UploadRun {
  readonly server: Server;
  readonly stateDir: string;
  readonly restart: boolean;
  readonly forceUnlock: boolean;
  /** How long a server may still be working on a request whose connection was lost. */
  readonly settleTimeoutMs: number;
  /** What to type to go on. */
  readonly command: string;
  /** The same as words, for a later look at what was sent. */
  readonly typed?: Typed;
  /** When a quota is spent, sleep until it is reset instead of ending. */
  readonly wait: boolean;
  /** Begin a vector job although the server cannot list what is there. */
  readonly assumeNew: boolean;
  /** First signal, or the end of the run's time (its reason is `timeUp()` then): nothing new is begun. */
  readonly stop: AbortSignal;
  /** Second signal: what is in flight is left unknown. */
  readonly abort: AbortSignal;
  readonly onEvent: OnEvent;
  /** Told once a run has its lock, and once it is past what it looks up first. */
  readonly onStage?: (stage: 'locked' | 'begun') => void;
}

/** Of these, what looking ahead needs: it writes nothing. */
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
  /** Sets apart jobs that share all else: a single vector is its whole request. */
  readonly request?: string;
  /** Part of an SAE that a job is of, where several share it. */
  readonly shard?: Shard;
}

/** A checked upload: what goes where, and how. */
export interface JobInput extends UploadRun {
  readonly identity: JobIdentity;
  /** How people know the job. */
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
  /** Throws where the file is no longer the one that was checked; absent for what is in memory. */
  readonly requireUnchanged?: RequireUnchanged;
  /** Whether the destination was made by this very run, so that nothing can be there. */
  readonly isNew: boolean;
}

/** How a run ended. Whatever it was, the journal holds where to go on. */
export type SendResult =
  | { readonly type: 'finished' }
  | { readonly type: 'stopped' }
  | ({ readonly type: 'quota' } & Reopening);

/** How a job stands when its run ends. Counts are rows. */
export interface JobReport {
  readonly job: string;
  readonly planned: number;
  /** On the server for certain, by its own word. */
  readonly confirmed: number;
  /** Of these, there before this job sent them. */
  readonly found: number;
  /** Of these, confirmed in this run. */
  readonly sent: number;
  readonly ids: ReadonlyMap<number, string>;
  /** The rows that are confirmed. */
  readonly stored: Ranges;
  /** Rows that were left out, and why: they failed the check, or the server keeps failing them. */
  readonly quarantined: ReadonlyMap<number, string>;
  /** Rows that were sent and had no answer; absent where the run itself says what became of each. */
  readonly unknown?: Ranges;
  readonly end: SendResult | { readonly type: 'time_up' };
}
