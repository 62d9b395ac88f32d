import { BUILT_IN_MODELS } from '../models.ts';
import { builtInRecord, customRecord, type ModelRecord } from '../records/models.ts';
import type { Store } from '../store/store.ts';
import { refuse } from './refusal.ts';

/** Finds a model by id, built in or made by a user; undefined if it is unknown. */
export function findModel(store: Store, id: string): ModelRecord | undefined {
  const builtIn = BUILT_IN_MODELS.find((model) => model.id === id);
  if (builtIn !== undefined) return builtInRecord(builtIn, store.createdAt);
  const custom = store.models.custom(id);
  return custom === undefined ? undefined : customRecord(custom);
}

/** Returns all models, the built-in ones first. */
export function allModels(store: Store): ModelRecord[] {
  const builtIn = BUILT_IN_MODELS.map((model) => builtInRecord(model, store.createdAt));
  return [...builtIn, ...store.models.allCustom().map(customRecord)];
}

/** Returns the model with this id; refuses with 404 `model_not_found`. */
export function requireModel(store: Store, id: string): ModelRecord {
  const model = findModel(store, id);
  if (model === undefined) refuse(404, 'model_not_found', `no model ${id}`, { path: 'modelId' });
  return model;
}
