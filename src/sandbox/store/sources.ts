import type { Database } from './driver.ts';

/** A source that holds all users' vectors for one hook of a model. */
export interface VectorSource {
  modelId: string;
  /** Like `6-neuronpedia-resid-post`. */
  source: string;
  /** Like `neuronpedia-resid-post`. */
  setName: string;
  createdAt: string;
}

/** Sources that hold vectors. They remain after their last vector is deleted. */
export interface SourceStore {
  find(modelId: string, source: string): VectorSource | undefined;
  /** The sources of a model, by set name and then oldest first. */
  all(modelId: string): VectorSource[];
  /** Adds the source unless it exists. */
  require(source: VectorSource): void;
}

const COLUMNS = 'SELECT model_id AS modelId, source, set_name AS setName, created_at AS createdAt FROM sources';

/** The table `sources`. */
export function sourceStore(db: Database): SourceStore {
  const find = db.prepare(`${COLUMNS} WHERE model_id = ? AND source = ?`);
  const all = db.prepare(`${COLUMNS} WHERE model_id = ? ORDER BY set_name, id`);
  const add = db.prepare(
    'INSERT INTO sources(model_id, source, set_name, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  return {
    find: (modelId, source) => find.get([modelId, source]) as VectorSource | undefined,
    all: (modelId) => all.all([modelId]) as unknown as VectorSource[],
    require: (s) => void add.run([s.modelId, s.source, s.setName, s.createdAt]),
  };
}
