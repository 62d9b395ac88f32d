import type { Body, BodyLimits } from './body.ts';
import { gate } from './gate.ts';

/**
 * Decides how much to send a server at a time: little at first, more while it answers quickly, half if it is slow or fails.
 * The best size is not known beforehand: the public server gives up after five seconds, a nearby one takes megabytes.
 */
export interface Appetite {
  /** Limits of the next body. */
  limits(): BodyLimits;
  /** Waits until one more body may be made. Call the returned function once that body is done with. */
  make(): Promise<() => void>;
  /** Waits until one more request may be in flight. Call the returned function once it has ended. */
  begin(): Promise<() => void>;
  /** Number of requests that may be in flight. */
  inFlight(): number;
  /** Notes that the server stored a body, `ms` after it was sent. */
  took(body: Body, ms: number): void;
  /** Notes that the server failed on a body, or may have. */
  failed(body: Body): void;
  /** Notes that the server takes no body of several rows that is as large as this one. */
  tooLarge(body: Body): void;
}

/** Upper limits on what is sent: those of the server and those of the user. */
export interface Most {
  readonly rows: number;
  readonly bytes: number;
  readonly inFlight: number;
  /** Bodies made ahead of their turn, so that sending never waits for one. */
  readonly ahead: number;
}

const firstBytes = 1 << 20;
/** Several bodies are in memory at once, so none is larger than this, whatever the server takes, unless one row is. */
const mostBytes = 8 << 20;
const quickMs = 2_000;
/** Four fifths of the public server's time limit for a transaction. */
const slowMs = 4_000;
/** Slow batches of so few rows are not halved: a server that is slow at any size is not helped by more requests. */
const fewestRows = 16;
/** Halving a body should cut its time to this fraction; otherwise its size was not to blame. */
const worthwhile = 0.8;
/** Growth after a body was too much: approaches the limit again, with many good answers for each one lost there. */
const carefulGrowth = 1.125;

/** Makes the appetite for a server about which nothing is known yet. */
export function createAppetite(most: Most): Appetite {
  let { rows } = most;
  let bytes = Math.min(firstBytes, most.bytes);
  let largest = Math.min(mostBytes, most.bytes);
  let inFlight = 1;
  let growth = 2;
  let slowest = Number.POSITIVE_INFINITY;
  const making = gate(() => inFlight + most.ahead);
  const sending = gate(() => inFlight);
  const halve = (body: Body) => {
    growth = carefulGrowth;
    rows = Math.max(1, Math.min(rows, Math.ceil(body.pieces.length / 2)));
    bytes = Math.min(bytes, Math.ceil(body.bytes.length / 2));
    inFlight = Math.ceil(inFlight / 2);
  };
  return {
    inFlight: () => inFlight,
    limits: () => ({ rows, bytes, alone: most.bytes }),
    make: making.enter,
    begin: sending.enter,
    took(body, ms) {
      if (ms > slowMs) {
        if (body.pieces.length > fewestRows && ms < worthwhile * slowest) halve(body);
        slowest = Math.min(slowest, ms);
        return;
      }
      slowest = Number.POSITIVE_INFINITY;
      if (ms <= quickMs) {
        rows = Math.min(most.rows, Math.ceil(growth * rows));
        bytes = Math.min(largest, Math.ceil(growth * bytes));
      }
      inFlight = Math.min(most.inFlight, inFlight + 1);
      making.open();
      sending.open();
    },
    failed: halve,
    tooLarge(body) {
      largest = Math.min(largest, Math.ceil(body.bytes.length / 2));
      bytes = Math.min(bytes, largest);
    },
  };
}
