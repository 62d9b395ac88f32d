import type { DashboardSource } from '../../dashboards/dashboard.ts';
import type { Known, Sae, SaeKind } from '../../layouts/sae.ts';
import type { Ranges } from '../../tensor/ranges.ts';
import type { Matrix, Orientation } from '../../tensor/tensor.ts';
import type { RequireUnchanged } from '../../tensor/unchanged.ts';
import type { Attributes } from '../attributes.ts';
import type { Delivery } from '../delivery.ts';
import type { Place, PlaceOptions } from '../destination.ts';
import type { JobIdentity, SendLimits } from '../run.ts';
import type { ModelRecord } from '../server.ts';
import type { Shard } from '../shard.ts';
import type { FactOptions, SaeFacts } from './sae-facts.ts';
import type { Selection, SelectionOptions } from './sae-indices.ts';
import type { VectorsOptions } from './sae-vectors.ts';

/** What a person says about an SAE and how to send it. */
export interface SaeOptions extends PlaceOptions, VectorsOptions, SelectionOptions, FactOptions {
  readonly kind?: SaeKind;
  readonly orientation?: Orientation;
  /** A `.jsonl` of dashboards, or a folder that SAEDashboard wrote; may hold `{layer}` and `{head}`. */
  readonly activations?: string;
  /** `vectors` makes each row a steering vector of its own. */
  readonly as?: 'auto' | 'features' | 'vectors';
  /** What describes the SAE as a whole. */
  readonly attributes?: Attributes;
  /** Leave out rows that fail the check, instead of refusing the whole SAE. */
  readonly skipBadRows?: boolean;
  /** Replace empty and NUL tokens of the activations. */
  readonly fixTokens?: boolean;
  /** Number of layers of the model, to create its record if the server has none. */
  readonly createModel?: number;
  /** Ceilings below what the server allows. */
  readonly limits?: SendLimits;
  /** Only this part of the planned rows, for one of several runs that share an SAE. */
  readonly shard?: Shard;
}

/** An SAE and where it belongs, as far as its own files, the options and the model's record settle it. */
export interface PlacedSae extends Selection {
  readonly sae: Sae;
  readonly kind: SaeKind;
  readonly place: Place;
  readonly model: ModelRecord;
  readonly isNewModel: boolean;
  readonly matrix: Matrix;
  readonly orientation: Known<Orientation>;
  /** What side files say about features. */
  readonly facts: SaeFacts | undefined;
}

/** One way for rows to reach a server: as features of a source, or as vectors. */
export interface Way {
  readonly as: 'features' | 'vectors';
  /** The source that the server stores them under; for features, the SAE's own. */
  readonly source: string;
  readonly delivery: Delivery;
  /** The rows that the server can take. */
  readonly planned: Ranges;
  /** Rows left out because they failed the check, and why. */
  readonly quarantined: ReadonlyMap<number, string>;
  readonly isNewSet: boolean;
  /** What was given but the server cannot store, by option name. */
  readonly notStored: Readonly<Record<string, unknown>>;
  readonly dashboards: DashboardSource | undefined;
  /** The fields sent beside the values, as a JSON object. */
  readonly fields: string;
}

/** An SAE that has passed every check that needs no writing: ready to be sent. */
export interface PreparedSae extends PlacedSae, Way {
  readonly attributes: Attributes;
  readonly identity: JobIdentity;
  readonly blocks: ReadonlyMap<number, string>;
  /** Throws if the weights have changed since they were checked. */
  readonly requireUnchanged: RequireUnchanged;
  /** Features left out because the server takes none without examples. */
  readonly withoutExamples: Ranges;
  /** Data given for features, other than examples, that does not reach the server, in the words of warnings. */
  readonly lostFields: Readonly<Record<string, true>>;
  /** Features left out because they never fire. */
  readonly dead: Ranges;
  /** The part of the SAE that all of this is about, if not the whole. */
  readonly shard: Shard | undefined;
  /** Closes the side files. */
  close(): Promise<void>;
}
