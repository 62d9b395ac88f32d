import { count } from '../count.ts';
import { elapsedMs } from '../elapsed.ts';
import type { UploadEvent } from '../upload/events.ts';

type Retry = Extract<UploadEvent, { type: 'retry' }>;

/** Says of requests that are tried again what a person has not been told yet. */
export interface OutageTeller {
  /** A line for the first request that fails so; undefined while others, or the same one, fail for the same cause. */
  retry(event: Retry): string | undefined;
  /** The server took something. */
  progress(): void;
}

/** A server that fails now and then is told of so often at most. */
const leastMs = 30_000;

interface Told {
  at: number;
  since: number;
  isOver: boolean;
}

/** Requests in flight fail together: one line an outage and cause, however many there are. `now` is in milliseconds. */
export function outageTeller(now: () => number = elapsedMs): OutageTeller {
  const causes = new Map<string, Told>();
  return {
    retry({ why, wait_s }) {
      const cause = causeOf(why);
      const told = causes.get(cause);
      if (told && !(told.isOver && now() - told.at >= leastMs)) {
        told.since++;
        return undefined;
      }
      causes.set(cause, { at: now(), since: 0, isOver: false });
      const more = told && told.since > 0 ? ` (and ${count(told.since)} times since this was said)` : '';
      return `trying again, first in ${wait_s} s, then less often: ${why}${more}`;
    },
    progress() {
      for (const told of causes.values()) told.isOver = true;
    },
  };
}

/** A lost connection has several names, which are one cause. */
function causeOf(why: string): string {
  return why.replace(/ \([A-Z_\d]+\)$/, '');
}
