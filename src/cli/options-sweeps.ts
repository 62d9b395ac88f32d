import { parseRanges } from '../tensor/ranges.ts';
import { parseShard } from '../upload/shard.ts';
import { parseHead } from './head-option.ts';
import { groups } from './option-groups.ts';
import type { OptionSpec } from './option-spec.ts';
import { each, oneOf, parsed, text } from './option-values.ts';

/** Options for folders of several SAEs, and for those with several matrices or hooks: crosscoders and transcoders. */
export const sweepOptions = {
  hookOut: {
    value: 'HOOK',
    group: groups.place,
    help: 'hook that a transcoder writes to; --hook is the one it reads from',
    schema: text,
  },
  layers: {
    value: 'LIST',
    group: groups.place,
    help: 'of the SAEs found, upload only these layers, for example 0-11',
    schema: parsed(parseRanges, 'numbers and ranges such as 0-11'),
  },
  head: {
    value: 'I=MODEL:LAYER',
    group: groups.place,
    help: 'where head I of a crosscoder goes (repeatable)',
    schema: each(parsed(parseHead, 'HEAD=MODEL:LAYER such as 0=gemma-2-2b:13')),
    repeatable: true,
  },
  shard: {
    value: 'I/N',
    group: groups.sending,
    help: "upload only the I-th of N contiguous parts of each SAE's rows, counted from 1: for a CI matrix, SLURM array or Kubernetes Job",
    schema: parsed(parseShard, 'I/N with I from 1 to N, such as 2/8'),
  },
  headAxis: {
    value: 'AXIS',
    group: groups.reading,
    help: 'which axis of a 3-D decoder counts heads: first or middle',
    ...oneOf('first', 'middle'),
  },
} as const satisfies Record<string, OptionSpec>;
