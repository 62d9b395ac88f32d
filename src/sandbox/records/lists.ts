import type { List } from '../store/lists.ts';

/** Returns a list as the endpoints show it; `owner` is the display name of its user. */
export function listRecord({ id, name, description, testText, owner: userId, createdAt }: List, owner: string) {
  const said = { id, name, description, defaultTestText: testText, userId };
  return { ...said, createdAt, updatedAt: createdAt, user: { name: owner } };
}
