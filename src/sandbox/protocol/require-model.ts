import { findModel, type ModelRecord } from '../records/models.ts';
import type { Store } from '../store/store.ts';
import { refuse } from './refusal.ts';

/** Returns the model with this id; refuses with 404 `model_not_found`. */
export function requireModel(store: Store, id: string): ModelRecord {
  const model = findModel(store, id);
  if (model === undefined) refuse(404, 'model_not_found', `no model ${id}`, { path: 'modelId' });
  return model;
}
