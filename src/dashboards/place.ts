import type { DashboardPlace } from './dashboard.ts';

/** What a record says of where it belongs. `layer` is a number, or a source such as `6-my-sae`. */
export interface NamedPlace {
  readonly modelId?: string | null | undefined;
  readonly layer?: string | number | null | undefined;
}

/** What is wrong with a record of another model or layer, in words; undefined where it says the same, or nothing. */
export function placeFault({ modelId, layer }: NamedPlace, place: DashboardPlace): string | undefined {
  if (typeof modelId === 'string' && !place.isModel(modelId)) {
    return `it is of model ${modelId}, the upload is for ${place.model}`;
  }
  if (layer === undefined || layer === null || place.layer === undefined) return undefined;
  const number = /^(\d+)(-|$)/.exec(String(layer))?.[1];
  if (number !== undefined && Number(number) !== place.layer)
    return `it is of layer ${layer}, the upload is for layer ${place.layer}`;
  return undefined;
}
