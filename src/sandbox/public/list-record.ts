import type { List } from '../store/lists.ts';
import type { World } from './world.ts';

/** A list as the endpoints show it. */
export function listRecord({ id, name, description, testText, owner, createdAt }: List, { nameOf }: World) {
  const said = { id, name, description, defaultTestText: testText, userId: owner };
  return { ...said, createdAt, updatedAt: createdAt, user: { name: nameOf(owner) } };
}
