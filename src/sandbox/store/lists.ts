import type { Database } from './driver.ts';

/** A user's list of features. */
export interface List {
  id: string;
  name: string;
  description: string;
  testText: string | null;
  owner: string;
  createdAt: string;
}

/** Lists of features; deleting a feature removes it from its lists. */
export interface ListStore {
  find(id: string): List | undefined;
  /** A user's lists, oldest first. */
  owned(owner: string): List[];
  /** The lists that hold a feature, oldest first. */
  holding(featureId: number): List[];
  add(list: List): void;
  /** Adds a feature, or replaces its description if it is on the list already. */
  addFeature(listId: string, featureId: number, description: string, userId: string, addedAt: string): void;
}

const COLUMNS = `SELECT lists.id, name, lists.description, test_text AS testText, owner, created_at AS createdAt
  FROM lists`;

/** The tables `lists` and `list_features`. */
export function listStore(db: Database): ListStore {
  const find = db.prepare(`${COLUMNS} WHERE lists.id = ?`);
  const owned = db.prepare(`${COLUMNS} WHERE owner = ? ORDER BY lists.rowid`);
  const holding = db.prepare(`${COLUMNS} JOIN list_features ON list_id = lists.id WHERE feature_id = ?
    ORDER BY lists.rowid`);
  const add = db.prepare('INSERT INTO lists VALUES (?, ?, ?, ?, ?, ?)');
  const addFeature = db.prepare(`INSERT INTO list_features(list_id, feature_id, description, user_id, added_at)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT (list_id, feature_id) DO UPDATE SET description = excluded.description`);
  return {
    find: (id) => find.get([id]) as List | undefined,
    owned: (owner) => owned.all([owner]) as unknown as List[],
    holding: (featureId) => holding.all([featureId]) as unknown as List[],
    add: (l) => void add.run([l.id, l.name, l.description, l.testText, l.owner, l.createdAt]),
    addFeature: (...values) => void addFeature.run(values),
  };
}
