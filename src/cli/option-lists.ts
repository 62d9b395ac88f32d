import type { OptionName } from './options.ts';

/** How rows are sent, and what of their sending is kept. */
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

/** What may be said of any upload, and done with it once it is there. */
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

/** Where a direction of its own belongs, and how it is read. */
export const direction = [
  'model',
  'layer',
  'name',
  'hook',
  'strength',
  'createModel',
  'tensor',
] as const satisfies readonly OptionName[];
