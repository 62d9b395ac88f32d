import * as z from '../../schema.ts';
import { type Account, ownerName } from '../accounts.ts';
import { type Answer, answer } from '../answer.ts';
import { newId } from '../ids.ts';
import { listRecord } from '../records/lists.ts';
import type { Call } from '../route.ts';
import type { List } from '../store/lists.ts';
import { findVisible, requireVisible } from './features.ts';
import { parseAs, rowIndex, text } from './parse.ts';
import { refuse } from './refusal.ts';
import { readJson, requireAccount, requireUploader } from './request.ts';

const entries = z.array(z.object({ modelId: text, layer: text, index: rowIndex, description: z.nullish(z.string()) }));

const newList = z.object({ name: text, description: z.nullish(z.string()), testText: z.nullish(z.string()) });

const newListWithFeatures = z.extend(newList, { features: entries });

const addition = z.object({ listId: text, featuresToAdd: entries });

const recordOf = (list: List) => listRecord(list, ownerName(list.owner));

function addList({ store, now }: Call, { id: owner }: Account, given: z.output<typeof newList>): List {
  const { name, description, testText } = given;
  const said = { name, description: description ?? '', testText: testText ?? null };
  const made = { id: newId(), ...said, owner, createdAt: now.toISOString() };
  store.lists.add(made);
  return made;
}

function answerMade({ origin }: Call, list: List, more: object = {}): Answer {
  return answer({ ...recordOf(list), url: `${origin}/list/${list.id}`, ...more });
}

/** `POST /api/list/list`: the user's lists. */
export function listLists(call: Call): Answer {
  return answer(call.store.lists.owned(requireAccount(call).id).map(recordOf));
}

/** `POST /api/list/new`: makes an empty list. */
export function createList(call: Call): Answer {
  const account = requireUploader(call);
  const given = parseAs(newList, readJson(call));
  return call.store.write(() => answerMade(call, addList(call, account, given)));
}

/**
 * `POST /api/list/new-with-features`: makes a list of rows that the user may see. Leaves out others, as the public server
 * does, and names them in the answer's `notFound`.
 */
export function createListWithFeatures(call: Call): Answer {
  const { store } = call;
  const account = requireUploader(call);
  const { features, ...about } = parseAs(newListWithFeatures, readJson(call));
  return store.write(() => {
    const list = addList(call, account, about);
    const notFound = features.flatMap(({ modelId, layer, index, description }) => {
      const row = findVisible(call, modelId, layer, index);
      if (row === undefined) return [`${modelId}/${layer}/${index}`];
      store.lists.addFeature(list.id, row.id, description ?? '', account.id, list.createdAt);
      return [];
    });
    return answerMade(call, list, { notFound });
  });
}

/** `POST /api/list/add-features`: adds all rows to a list of the user, or none. A row on it gets the new description. */
export function addFeatures(call: Call): Answer {
  const { store, now } = call;
  const { id: userId } = requireUploader(call);
  const { listId, featuresToAdd } = parseAs(addition, readJson(call));
  const addedAt = now.toISOString();
  return store.write(() => {
    const list = store.lists.find(listId);
    if (list === undefined) refuse(404, 'not_found', `no list ${listId}`, { path: 'listId' });
    if (list.owner !== userId) refuse(409, 'not_owner', `list ${listId} belongs to another user`, { path: 'listId' });
    const added = featuresToAdd.map(({ modelId, layer, index, description }, i) => {
      const row = requireVisible(call, modelId, layer, index, `featuresToAdd[${i}]`);
      store.lists.addFeature(listId, row.id, description ?? '', userId, addedAt);
      const place = { modelId, layer, index: String(index) };
      return { ...place, listId, description: description ?? '', addedAt, userId };
    });
    return answer(added);
  });
}
