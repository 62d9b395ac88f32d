import type { Database } from './driver.ts';

/** A model that a user made. The built-in ones are in `../models.ts`. */
export interface CustomModel {
  id: string;
  layers: number;
  displayName: string;
  url: string | null;
  owner: string;
  createdAt: string;
}

/** A named set of sources, one per layer of its model. */
export interface SourceSet {
  modelId: string;
  name: string;
  owner: string;
  description: string;
  url: string | null;
  createdAt: string;
}

/** Models and source sets that users made. */
export interface ModelStore {
  custom(id: string): CustomModel | undefined;
  allCustom(): CustomModel[];
  add(model: CustomModel): void;
  sourceSet(modelId: string, name: string): SourceSet | undefined;
  sourceSets(modelId: string): SourceSet[];
  addSourceSet(set: SourceSet): void;
}

const MODEL = 'SELECT id, layers, display_name AS displayName, url, owner, created_at AS createdAt FROM models';
const SET = 'SELECT model_id AS modelId, name, owner, description, url, created_at AS createdAt FROM source_sets';

/** The tables `models` and `source_sets`. */
export function modelStore(db: Database): ModelStore {
  const one = db.prepare(`${MODEL} WHERE id = ?`);
  const all = db.prepare(`${MODEL} ORDER BY id`);
  const add = db.prepare('INSERT INTO models VALUES (?, ?, ?, ?, ?, ?)');
  const set = db.prepare(`${SET} WHERE model_id = ? AND name = ?`);
  const sets = db.prepare(`${SET} WHERE model_id = ? ORDER BY name`);
  const addSet = db.prepare('INSERT INTO source_sets VALUES (?, ?, ?, ?, ?, ?)');
  return {
    custom: (id) => one.get([id]) as CustomModel | undefined,
    allCustom: () => all.all([]) as unknown as CustomModel[],
    add: (m) => void add.run([m.id, m.layers, m.displayName, m.url, m.owner, m.createdAt]),
    sourceSet: (modelId, name) => set.get([modelId, name]) as SourceSet | undefined,
    sourceSets: (modelId) => sets.all([modelId]) as unknown as SourceSet[],
    addSourceSet: (s) => void addSet.run([s.modelId, s.name, s.owner, s.description, s.url, s.createdAt]),
  };
}
