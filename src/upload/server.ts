import type { BodyFormat, Delivery } from './delivery.ts';

/** A model as a server records it. */
export interface ModelRecord {
  readonly id: string;
  readonly layers: number;
  /** Width of its residual stream; null where the server was never told. */
  readonly dimension: number | null;
}

/** How much an account may still upload. */
export interface Quota {
  readonly tier: string;
  /** Null for no limit. */
  readonly limit: number | null;
  readonly used: number;
  readonly resetsAt: Date | undefined;
  /** When the server said so, by its own clock. */
  readonly asOf: Date;
}

/** What a server can do. Code asks this, never a server's name or address. */
export interface Capabilities {
  readonly kind: 'upload-protocol' | 'public';
  readonly storesVectors: boolean;
  /** Keeps what is said of an upload and its rows: description, tags, licence, metadata, a probe's concept, … */
  readonly storesAttributes: boolean;
  readonly idempotencyKeys: boolean;
  /** Keeps every bit of a double; elsewhere 16 significant digits of it. */
  readonly exactDoubles: boolean;
  readonly privateUploads: boolean;
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly maxInFlight: number;
}

export interface Account {
  readonly id: string;
  readonly name: string;
}

/** A source set and whose it is. */
export interface SourceSet {
  readonly creatorId: string;
  readonly description: string;
  readonly urls: readonly string[];
}

/** Whether something was made by the very request that asked for it, so that nothing can be in it. */
export interface Made {
  readonly isNew: boolean;
}

/** Features of one source: how a body of them is written, and what is sent with each. */
export interface FeatureDestination {
  readonly modelId: string;
  readonly source: string;
  readonly format: BodyFormat;
}

/** A row's values as digests: to the bit, and without the sign of zeros, which some servers lose. */
export interface RowHash {
  readonly exact: string;
  readonly loose: string;
}

/** Steering vectors at one place of a model; their values come from the matrix, one vector a row. */
export interface VectorDestination {
  readonly modelId: string;
  readonly layer: number;
  readonly hookType: 'hook_resid_pre' | 'hook_resid_post';
  readonly strength: number;
  /** JSON fields sent with each vector, without braces; empty for none. */
  readonly fields: string;
  /** What the server's copies are told apart by besides name, place and values: a probe's concept and bias. */
  readonly marks: Readonly<Record<string, unknown>>;
  label(row: number): string;
  hashes(row: number): RowHash;
  /** What is sent with each row besides, as `fields`; read for some rows at a time. */
  readonly rowFields?: {
    of(start: number, count: number): Promise<(row: number) => string>;
    /** Bytes of one row's, at the most. */
    readonly most: number;
  };
  /** The index that a row goes by, where rows have indices of their own. */
  indexOf?(row: number): number;
}

/** A row as a server tells it, by the names of its fields; what these hold is still to be looked at. */
export type RowContent = Readonly<Record<string, unknown>>;

/** Rows of any kind by their ids (`model/source/index`). */
export interface RowAccess {
  /**
   * Those of these ids that are on the server, with all that it tells of them: values, texts, and at most
   * `activations` activations each. Errors: those of asking.
   */
  read(ids: readonly string[], activations: number): Promise<ReadonlyMap<string, RowContent>>;
  /** Those of these ids that are on the server, each with the id of the account that it belongs to. Errors: those of asking. */
  owners(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Takes a row back; returns what the server has against it. Errors: unreachable, authentication_failed, paused. */
  remove(id: string): Promise<string | undefined>;
}

/** A server, as an upload needs it. `api` makes these; this folder only knows what they promise. */
export interface Server {
  /** How people know it: its address, or what it is where an address would mean nothing tomorrow. */
  readonly name: string;
  /** How a command line names it; empty where that goes without saying. */
  readonly words: string;
  /** Its own id where it tells one, else its origin. */
  readonly id: string;
  readonly capabilities: Capabilities;
  readonly account: Account;
  /** As it was when the server was first asked. */
  readonly quota: Quota | undefined;
  /** As it is now, of a server that has one. Errors: those of asking. */
  askQuota(): Promise<Quota>;
  getModel(id: string): Promise<ModelRecord | undefined>;
  listModels(): Promise<readonly ModelRecord[]>;
  /** Of runs that make the same at once one does (`isNew`), and the others find it. */
  createModel(id: string, layers: number): Promise<ModelRecord & Made>;
  getSourceSet(modelId: string, name: string): Promise<SourceSet | undefined>;
  /** `about` is kept with the set: its first URL, where there is one. */
  createSourceSet(
    modelId: string,
    name: string,
    about: Pick<SourceSet, 'description' | 'urls'>,
  ): Promise<SourceSet & Made>;
  readonly rows: RowAccess;
  features(destination: FeatureDestination): Delivery;
  vectors(destination: VectorDestination): Delivery;
  /** Activations of a vector that is there, on a server that takes them in a request of their own. */
  vectorActivations(id: string, fields: string): Delivery;
}

/** The command that takes something back from a server: an id, or `--job` and one. */
export function toDelete({ words }: Pick<Server, 'words'>, what: string): string {
  return ['neuronpedia delete', what, words].filter(Boolean).join(' ');
}
