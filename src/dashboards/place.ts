import type { DashboardPlace } from './dashboard.ts';

/** Where a record says that it belongs. `layer` is a number, or a source such as `6-my-sae`. */
export interface NamedPlace {
  readonly modelId?: string | null | undefined;
  readonly layer?: string | number | null | undefined;
}

/** Describes what is wrong with a record of another model or layer; undefined if it names the same ones, or none. */
export function placeFault({ modelId, layer }: NamedPlace, place: DashboardPlace): string | undefined {
  if (typeof modelId === 'string' && !place.isModel(modelId)) {
    return `it is for model ${modelId}, but the upload is for ${place.model}`;
  }
  if (layer === undefined || layer === null || place.layer === undefined) return undefined;
  const number = /^(\d+)(-|$)/.exec(String(layer))?.[1];
  if (number !== undefined && Number(number) !== place.layer)
    return `it is for layer ${layer}, but the upload is for layer ${place.layer}`;
  return undefined;
}
