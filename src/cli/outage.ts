import { count } from '../count.ts';
import { elapsedMs } from '../elapsed.ts';
import type { UploadEvent } from '../upload/events.ts';

type Retry = Extract<UploadEvent, { type: 'retry' }>;

/** Tells a person about requests that are tried again, without repeating itself. */
export interface OutageTeller {
  /** Returns a line for the first failure of a cause; undefined while requests go on failing for the same cause. */
  retry(event: Retry): string | undefined;
  /** Notes that the server accepted something: the outage is over. */
  progress(): void;
}

/** Least time between two lines on one cause, for a server that fails now and then. */
const leastMs = 30_000;

interface Told {
  at: number;
  since: number;
  isOver: boolean;
}

/** Requests in flight fail together, so there is one line per outage and cause for all of them. `now` is in milliseconds. */
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

/** Drops the code at the end: a lost connection shows up under several, which are one cause. */
function causeOf(why: string): string {
  return why.replace(/ \([A-Z_\d]+\)$/, '');
}
