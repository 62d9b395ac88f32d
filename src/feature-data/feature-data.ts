import type { NamedPlace } from '../dashboards/place.ts';
import type { Indices } from '../tensor/indices.ts';
import { type Ranges, rangesOf } from '../tensor/ranges.ts';

/** What is known of one feature besides its vector and its examples. */
export interface FeatureFacts {
  readonly name?: string;
  readonly description?: string;
  /** Share of tokens that it fires on, 0 to 1. */
  readonly density?: number;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Whether a feature fires at all, as far as is known. */
export const firing = { unknown: 0, alive: 1, dead: 2 } as const;

/** Facts of an SAE's features on disk, by row. They are read one by one; numbers are in memory, texts are not. */
export interface FeatureData {
  readonly path: string;
  /** How many features something is said of. */
  readonly features: number;
  /** What is said of features: `name`, `description`, `density`, and keys of the metadata. */
  readonly fields: readonly string[];
  /** What a person should know of how it was read. */
  readonly notes: readonly string[];
  /** Of each row one of `firing`. */
  readonly firing: Uint8Array;
  /** Bytes that the facts of one feature take as JSON, at the most. */
  readonly mostBytes: number;
  /** SHA-256 of all that was read, and of how it was understood. */
  readonly hash: string;
  /** Undefined where nothing is said of the row. */
  read(row: number): Promise<FeatureFacts | undefined>;
  close(): Promise<void>;
}

/** The features that side files speak of, and where they are going: a record that names another place is a mistake. */
export interface FeatureSet {
  readonly rows: number;
  readonly indices: Indices;
  /** What is wrong with a record of another model or layer, in words. */
  placeFault(named: NamedPlace): string | undefined;
}

/** How the numbers of a file that are called sparsity are meant: a share of tokens, or its base-10 logarithm. */
export type SparsityScale = 'log10' | 'linear';

/** Rows of features that never fire. */
export function deadRows({ firing: states }: FeatureData): Ranges {
  const dead: number[] = [];
  for (const [row, state] of states.entries()) if (state === firing.dead) dead.push(row);
  return rangesOf(dead);
}
