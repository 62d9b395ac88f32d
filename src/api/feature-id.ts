/** A feature or vector by what a server calls it. */
export interface FeatureId {
  readonly model: string;
  readonly source: string;
  readonly index: string;
}
