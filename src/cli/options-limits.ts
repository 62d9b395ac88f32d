import { groups } from './option-groups.ts';
import type { OptionSpec } from './option-spec.ts';
import { each, flag, parsed } from './option-values.ts';
import { parseRowCount, parseTimeLimit } from './quantities.ts';
import { parseResolution } from './resolution.ts';

/** Options for limits, for rows that cannot be sent, and for checking or settling rows that were sent. */
export const limitOptions = {
  wait: {
    group: groups.sending,
    help: 'when a quota is spent, sleep until it resets instead of stopping (exit 8)',
    schema: flag,
  },
  maxDuration: {
    value: 'TIME',
    group: groups.sending,
    help: 'stop cleanly after this time, for example 5h30m (exit 8)',
    schema: parsed(parseTimeLimit, 'a time of at most 24 days, such as 5h30m'),
  },
  assumeNew: {
    group: groups.sending,
    help: 'start uploading vectors even if the server cannot list the ones you have',
    schema: flag,
  },
  skipBadRows: {
    group: groups.reading,
    help: 'leave out rows that fail the check and list them (exit 3), instead of sending nothing',
    schema: flag,
  },
  fixTokens: {
    group: groups.reading,
    help: 'replace empty and NUL tokens in --activations with U+FFFD, and say how many',
    schema: flag,
  },
  verify: {
    group: groups.reading,
    help: 'with a job: read rows back from the server and compare them with the files they came from',
    schema: flag,
  },
  verifyRows: {
    value: 'N',
    group: groups.reading,
    help: 'with --verify: how many randomly chosen rows to read back, or all (default: 512)',
    schema: parsed(parseRowCount, 'a number of rows, or all'),
  },
  resolve: {
    value: 'ROW=WHAT',
    group: groups.reading,
    help: 'with a job: settle a row without an answer by hand, ROW=absent or ROW=ID (repeatable)',
    repeatable: true,
    schema: each(parsed(parseResolution, 'ROW=absent, or ROW=ID with the id that the server gave it')),
  },
} as const satisfies Record<string, OptionSpec>;
