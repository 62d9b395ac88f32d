import type { Ranges } from '../tensor/ranges.ts';
import type { Faults } from './faults.ts';

/** A text on which a feature was measured. `values` has one activation a token. */
export interface Activation {
  readonly tokens: readonly string[];
  readonly values: readonly number[];
  /** The quantile of activations that it was drawn from, where its writer said one. */
  readonly quantileMin?: number;
  readonly quantileMax?: number;
  readonly quantileFraction?: number;
}

/** A token of the vocabulary and how much a feature raises it. */
export interface Logit {
  readonly token: string;
  readonly value: number;
}

/** What is known of one feature besides its vector: a page that people look at. */
export interface Dashboard {
  readonly activations: readonly Activation[];
  /** Share of tokens that it fires on, 0 to 1. */
  readonly density?: number;
  readonly topLogits?: readonly Logit[];
  readonly bottomLogits?: readonly Logit[];
  readonly explanations?: readonly { readonly text: string; readonly methodName?: string }[];
}

/** Dashboards of an SAE's features on disk. They are read one by one: only where each lies is kept in memory. */
export interface DashboardSource {
  readonly path: string;
  /** Indices that have one with at least one activation. */
  readonly features: Ranges;
  /** How many activations there are in all. */
  readonly activations: number;
  /** Bytes that one feature's dashboard takes as JSON, at the most. */
  readonly mostBytes: number;
  /** SHA-256 of all that was read; another where tokens were replaced in it. */
  readonly hash: string;
  /** Features whose record cannot be uploaded, and why: read with `skipBad` only. */
  readonly faulty: ReadonlyMap<number, string>;
  /** Tokens that were replaced: read with `fixTokens` only. */
  readonly fixedTokens: number;
  /** The dashboard of a feature; undefined where it has none. */
  read(index: number): Promise<Dashboard | undefined>;
  close(): Promise<void>;
}

/** Where dashboards are going: a record that names another place is a mistake. */
export interface DashboardPlace {
  readonly model: string;
  /** Absent where any will do. */
  readonly layer?: number;
  /** The one feature that records without an index are of: those of a single vector need none. */
  readonly onlyIndex?: number;
  /** Whether a name means this model: files name models in more ways than one. */
  isModel(name: string): boolean;
}

/** What to do with records that no server takes, instead of refusing the file. */
export interface ReadOptions {
  /** Leave features with such a record out. */
  readonly skipBad?: boolean;
  /** Replace empty and NUL tokens. */
  readonly fixTokens?: boolean;
  /** Takes what is wrong with single records, which are an error of the whole otherwise. */
  readonly faults?: Faults;
}

/** A dashboard's fields as an upload sends them, without the braces around them. */
export function dashboardFields({ density, topLogits, bottomLogits, activations, explanations }: Dashboard): string {
  const fields = {
    ...(density !== undefined && { density }),
    ...(topLogits && { topLogits }),
    ...(bottomLogits && { bottomLogits }),
    activations,
    ...(explanations && explanations.length > 0 && { explanations }),
  };
  return JSON.stringify(fields).slice(1, -1);
}
