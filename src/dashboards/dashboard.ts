import type { Ranges } from '../tensor/ranges.ts';
import type { Faults } from './faults.ts';

/** A text on which a feature was measured. `values` has one activation per token. */
export interface Activation {
  readonly tokens: readonly string[];
  readonly values: readonly number[];
  /** The quantile of activations that it was drawn from, if the file says so. */
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

/** Dashboards of an SAE's features on disk. They are read one by one: only their positions are kept in memory. */
export interface DashboardSource {
  readonly path: string;
  /** Indices of features whose dashboard has at least one activation. */
  readonly features: Ranges;
  /** How many activations there are in all. */
  readonly activations: number;
  /** The most bytes that one feature's dashboard takes as JSON. */
  readonly mostBytes: number;
  /** SHA-256 of all that was read. It differs if tokens were replaced. */
  readonly hash: string;
  /** Features whose record cannot be uploaded, and why. Filled only with `skipBad`. */
  readonly faulty: ReadonlyMap<number, string>;
  /** How many tokens were replaced; 0 without `fixTokens`. */
  readonly fixedTokens: number;
  /** Reads the dashboard of a feature; undefined if it has none. */
  read(index: number): Promise<Dashboard | undefined>;
  close(): Promise<void>;
}

/** Where dashboards are going: a record that names another place is a mistake. */
export interface DashboardPlace {
  readonly model: string;
  /** Absent if any layer will do. */
  readonly layer?: number;
  /** The feature of records without an index: those of a single vector need none. */
  readonly onlyIndex?: number;
  /** Whether a name means this model: files name the same model in several ways. */
  isModel(name: string): boolean;
}

/** What to do with records that no server takes, instead of refusing the file. */
export interface ReadOptions {
  /** Leave features with such a record out. */
  readonly skipBad?: boolean;
  /** Replace empty and NUL tokens. */
  readonly fixTokens?: boolean;
  /** Collects the faults of single records, which otherwise fail the whole file. */
  readonly faults?: Faults;
}

/** Returns a dashboard's fields as an upload sends them, without the braces around them. */
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
