import type { DashboardPlace } from '../../dashboards/dashboard.ts';
import { neuronpediaModelId } from '../../layouts/model-names.ts';

/** The place that records of side files must name; they may call the model by another of its names. */
export function recordPlace(model: string, layer: number): DashboardPlace {
  return { model, layer, isModel: (name) => name === model || neuronpediaModelId(name) === model };
}
