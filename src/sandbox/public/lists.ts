import { answer } from '../answer.ts';
import { newId } from '../ids.ts';
import { listRecord } from '../records/lists.ts';
import type { Call } from '../route.ts';
import type { List } from '../store/lists.ts';
import { findRow } from './features.ts';
import { refuseMessage, refuseOpaquely } from './refusals.ts';
import { isStorable, readAs, requireUser } from './request.ts';
import { anyText, list, object, optional, text } from './shape.ts';
import type { Handler } from './world.ts';

const entries = list(
  object({
    modelId: text(),
    layer: text(),
    index: text(),
    description: optional(anyText, { otherwise: '', nullable: true }),
  }),
);

const about = {
  name: text(),
  description: optional(anyText, { otherwise: '', nullable: true }),
  testText: optional(anyText, { otherwise: null, nullable: true }),
};

const newList = object(about);
const newListWithFeatures = object({ ...about, features: entries });
const addition = object({ listId: text(), featuresToAdd: entries });

function addList({ store, now }: Call, owner: string, given: ReturnType<typeof newList>): List {
  const { name, description, testText } = given;
  if (![name, description, testText ?? ''].every(isStorable)) refuseOpaquely();
  const made = { id: newId(), name, description, testText, owner, createdAt: now.toISOString() };
  store.lists.add(made);
  return made;
}

/** `POST /api/list/list`: the user's lists. */
export const listLists: Handler = (call, world) => {
  const lists = call.store.lists.owned(requireUser(call).id);
  return answer(lists.map((each) => listRecord(each, world.nameOf(each.owner))));
};

/** `POST /api/list/new`: "list/new". */
export const createList: Handler = (call, world) => {
  const { id } = requireUser(call);
  const given = readAs(call, newList, ({ message }) => refuseMessage(400, message));
  const made = call.store.write(() => addList(call, id, given));
  return answer({ ...listRecord(made, world.nameOf(made.owner)), url: `${call.origin}/list/${made.id}` });
};

/** `POST /api/list/new-with-features`: makes the list even with an "unknown feature", which it leaves out. */
export const createListWithFeatures: Handler = (call, world) => {
  const { id } = requireUser(call);
  const given = readAs(call, newListWithFeatures, ({ message }) => refuseMessage(400, message));
  const made = call.store.write(() => {
    const created = addList(call, id, given);
    for (const { modelId, layer, index, description } of given.features) {
      if (!isStorable(description)) refuseOpaquely();
      const row = findRow(call, modelId, layer, index);
      if (row !== undefined) call.store.lists.addFeature(created.id, row.id, description, id, created.createdAt);
    }
    return created;
  });
  return answer({ ...listRecord(made, world.nameOf(made.owner)), url: `${call.origin}/list/${made.id}` });
};

/** `POST /api/list/add-features`: adds to a user's list. Unknown lists and features (not recorded) give the opaque 500. */
export const addFeatures: Handler = (call) => {
  const { store, now } = call;
  const { id } = requireUser(call);
  const given = readAs(call, addition, ({ message }) => refuseMessage(400, message));
  const { listId } = given;
  const addedAt = now.toISOString();
  return store.write(() => {
    const found = isStorable(listId) ? store.lists.find(listId) : undefined;
    if (found?.owner !== id) refuseOpaquely();
    const added = given.featuresToAdd.map(({ modelId, layer, index, description }) => {
      const row = findRow(call, modelId, layer, index);
      if (row === undefined || !isStorable(description)) refuseOpaquely();
      store.lists.addFeature(listId, row.id, description, id, addedAt);
      return { modelId, layer, index, listId, description, addedAt, userId: id };
    });
    return answer(added);
  });
};
