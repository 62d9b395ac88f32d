/** A feature or vector by what a server calls it. */
export interface FeatureId {
  readonly model: string;
  readonly source: string;
  readonly index: string;
}

/** `model/source/index` */
export function idText({ model, source, index }: FeatureId): string {
  return `${model}/${source}/${index}`;
}

/** The same taken apart again. */
export function idParts(id: string): FeatureId {
  const [model = '', source = '', index = ''] = id.split('/');
  return { model, source, index };
}
