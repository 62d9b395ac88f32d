import type { BodyFormat, Delivery } from './delivery.ts';

/** A model as a server records it. */
export interface ModelRecord {
  readonly id: string;
  readonly layers: number;
  /** Width of its residual stream; null if the server does not know it. */
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
  /** Keeps what describes an upload and its rows: description, tags, licence, metadata, a probe's concept, … */
  readonly storesAttributes: boolean;
  readonly idempotencyKeys: boolean;
  /** Keeps every bit of a double; other servers keep 16 significant digits. */
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

/** A source set and its owner. */
export interface SourceSet {
  readonly creatorId: string;
  readonly description: string;
  readonly urls: readonly string[];
}

/** Whether something was created by this very request, so that nothing can be in it yet. */
export interface Made {
  readonly isNew: boolean;
}

/** Features of one source: how a body of them is written, and what is sent with each. */
export interface FeatureDestination {
  readonly modelId: string;
  readonly source: string;
  readonly format: BodyFormat;
}

/** Digests of a row's values: `exact` to the bit, and `loose` without the sign of zeros, which some servers lose. */
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
  /** What tells the server's copies apart besides name, place and values, such as a probe's concept and bias. */
  readonly marks: Readonly<Record<string, unknown>>;
  label(row: number): string;
  hashes(row: number): RowHash;
  /** Further fields of each row, in the form of `fields`; read for several rows at a time. */
  readonly rowFields?: {
    of(start: number, count: number): Promise<(row: number) => string>;
    /** The most bytes that one row's fields take. */
    readonly most: number;
  };
  /** The index of a row, if rows have indices of their own. */
  indexOf?(row: number): number;
}

/** A row as a server returns it, by field name. The values are not validated yet. */
export type RowContent = Readonly<Record<string, unknown>>;

/** Rows of any kind by their ids (`model/source/index`). */
export interface RowAccess {
  /**
   * Returns those of these ids that are on the server, with all that it returns for them: values, texts, and at most
   * `activations` activations each. Errors: those of asking.
   */
  read(ids: readonly string[], activations: number): Promise<ReadonlyMap<string, RowContent>>;
  /** Returns those of these ids that are on the server, each with the id of its owner's account. Errors: those of asking. */
  owners(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Deletes a row; returns any complaint. Errors: unreachable, server_failing, authentication_failed, paused. */
  remove(id: string): Promise<string | undefined>;
}

/** A server, as an upload needs it. The folder `api` makes these; this folder knows only the interface. */
export interface Server {
  /** Its name for people: its address, or a description if the address will not outlive the run. */
  readonly name: string;
  /** The options that name it on a command line; empty for the default. */
  readonly words: string;
  /** The id that it gives itself, or else its origin. */
  readonly id: string;
  readonly capabilities: Capabilities;
  readonly account: Account;
  /** The quota when the server was first asked. */
  readonly quota: Quota | undefined;
  /** Asks for the current quota, on a server that has one. Errors: those of asking. */
  askQuota(): Promise<Quota>;
  getModel(id: string): Promise<ModelRecord | undefined>;
  listModels(): Promise<readonly ModelRecord[]>;
  /** Creates a model. If several runs do so at once, one creates it (`isNew`) and the others find it. */
  createModel(id: string, layers: number): Promise<ModelRecord & Made>;
  getSourceSet(modelId: string, name: string): Promise<SourceSet | undefined>;
  /** Creates a source set, likewise. Of `about`, the server keeps the description and the first URL, if there is one. */
  createSourceSet(
    modelId: string,
    name: string,
    about: Pick<SourceSet, 'description' | 'urls'>,
  ): Promise<SourceSet & Made>;
  readonly rows: RowAccess;
  features(destination: FeatureDestination): Delivery;
  vectors(destination: VectorDestination): Delivery;
  /** Activations of a vector that is already there, on a server that takes them in a request of their own. */
  vectorActivations(id: string, fields: string): Delivery;
}

/** The command that deletes something from a server. `what` is an id, or `--job` and a job's id. */
export function toDelete({ words }: Pick<Server, 'words'>, what: string): string {
  return ['neuronpedia delete', what, words].filter(Boolean).join(' ');
}
