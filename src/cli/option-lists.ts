import type { OptionName } from './options.ts';

/** Options for how rows are sent, and what record is kept of it. */
export const sending = [
  'receipt',
  'dryRun',
  'restart',
  'forceUnlock',
  'settleTimeout',
  'wait',
  'maxDuration',
  'assumeNew',
] as const satisfies readonly OptionName[];

/** Options that describe any upload, or do something with it once it is there. */
export const about = [
  'description',
  'tag',
  'paperUrl',
  'license',
  'visibility',
  'metadata',
  'list',
  'autoInterp',
  'interpMethod',
  'explainerModel',
  'score',
] as const satisfies readonly OptionName[];

/** Options for where a single direction goes, and how it is read. */
export const direction = [
  'model',
  'layer',
  'name',
  'hook',
  'strength',
  'createModel',
  'tensor',
] as const satisfies readonly OptionName[];
