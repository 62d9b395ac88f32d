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

/** Facts of an SAE's features on disk, by row, read one by one. Arrays of numbers are kept in memory, texts are not. */
export interface FeatureData {
  readonly path: string;
  /** How many features the file says something about. */
  readonly features: number;
  /** What is said about features: `name`, `description`, `density`, and keys of the metadata. */
  readonly fields: readonly string[];
  /** What a person should know about how it was read. */
  readonly notes: readonly string[];
  /** One of `firing` for each row. */
  readonly firing: Uint8Array;
  /** The most bytes that the facts of one feature take as JSON. */
  readonly mostBytes: number;
  /** SHA-256 of all that was read, and of how it was understood. */
  readonly hash: string;
  /** Reads the facts of a row; undefined if there are none. */
  read(row: number): Promise<FeatureFacts | undefined>;
  close(): Promise<void>;
}

/** The features that side files describe, and where they are going: a record that names another place is a mistake. */
export interface FeatureSet {
  readonly rows: number;
  readonly indices: Indices;
  /** Describes what is wrong with a record of another model or layer. */
  placeFault(named: NamedPlace): string | undefined;
}

/** How to read numbers called sparsity: as they are, or as the base-10 logarithm of a share of tokens. */
export type SparsityScale = 'log10' | 'linear';

/** Returns the rows of features that never fire. */
export function deadRows({ firing: states }: FeatureData): Ranges {
  const dead: number[] = [];
  for (const [row, state] of states.entries()) if (state === firing.dead) dead.push(row);
  return rangesOf(dead);
}
