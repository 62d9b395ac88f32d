/** How a server identifies a feature or vector. */
export interface FeatureId {
  readonly model: string;
  readonly source: string;
  readonly index: string;
}

/** Returns an id as `model/source/index`. */
export function idText({ model, source, index }: FeatureId): string {
  return `${model}/${source}/${index}`;
}

/** Splits `model/source/index` into its parts. */
export function idParts(id: string): FeatureId {
  const [model = '', source = '', index = ''] = id.split('/');
  return { model, source, index };
}
