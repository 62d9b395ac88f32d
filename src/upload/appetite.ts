import type { Body, BodyLimits } from './body.ts';
import { gate } from './gate.ts';

/**
 * How much a server is given at a time: little at first, more while it answers at once, half when it is slow or fails.
 * What it takes best is not known beforehand; a public server gives up after five seconds, one nearby takes megabytes.
 */
export interface Appetite {
  /** Of the next body. */
  limits(): BodyLimits;
  /** Waits until one more body may be made; what it gives is called when that body is done with. */
  make(): Promise<() => void>;
  /** Waits until one more request may be under way; what it gives is called when that has ended. */
  begin(): Promise<() => void>;
  /** Requests that may be under way. */
  inFlight(): number;
  /** The server has taken a body, `ms` after it was sent. */
  took(body: Body, ms: number): void;
  /** The server failed with a body, or may have. */
  failed(body: Body): void;
  /** The server takes no rows together that are as large as this body. */
  tooLarge(body: Body): void;
}

/** What no request is to go beyond: what the server tells, and what the user does. */
export interface Most {
  readonly rows: number;
  readonly bytes: number;
  readonly inFlight: number;
  /** Bodies that are made ahead of their turn, so that none is waited for. */
  readonly ahead: number;
}

const firstBytes = 1 << 20;
/** Bodies are held in memory, several of them: a server that takes any size is not given more than this at a time, but for a row that is larger alone. */
const mostBytes = 8 << 20;
const quickMs = 2_000;
/** Four fifths of what the public server gives a transaction. */
const slowMs = 4_000;
/** A server that is slow whatever it is given is not helped by being asked more often. */
const fewestRows = 16;
/** Half as much should take this part of the time, or the size was not to blame. */
const worthwhile = 0.8;
/** Once it has been too much: up to the edge again, but with many good answers for each one lost there. */
const carefulGrowth = 1.125;

/** The appetite of a server that is not yet known. */
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
