import { answer } from '../answer.ts';
import { findModel, sourcesOf } from '../records/models.ts';
import { setsOf, userSetRecord } from './catalog.ts';
import { webAddress } from './models.ts';
import { refuseError, refuseOpaquely } from './refusals.ts';
import { isStorable, readAs, requireUser } from './request.ts';
import { anyText, object, optional, refuseShape, type Shape, text } from './shape.ts';
import type { Handler } from './world.ts';

// Checked in this order: "bad name alice--acts" passes the first rule.
const RULES: readonly [(name: string) => boolean, string][] = [
  [
    (name) => /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/.test(name),
    'Name must contain only lowercase letters, digits, and hyphens, start with a letter or digit, ' +
      'not end with a hyphen, and not contain double hyphens',
  ],
  [(name) => !name.includes('--'), 'Name cannot contain double hyphens'],
  [(name) => name !== 'neurons', 'Name cannot be "neurons"'],
];

const setName: Shape<string> = (value, path) => {
  const name = text()(value, path);
  const broken = RULES.find(([holds]) => !holds(name));
  return broken === undefined ? name : refuseShape(path, '', broken[1]);
};

const newSourceSet = object({
  name: setName,
  modelId: text(),
  description: optional(anyText, { otherwise: '' }),
  url: optional(webAddress, { otherwise: null }),
});

/** `POST /api/source-set/new`: "ok (note sources: [] although 12 were created)". */
export const createSourceSet: Handler = (call, world) => {
  const { store, now } = call;
  const account = requireUser(call);
  const given = readAs(call, newSourceSet, ({ message, path }) => refuseError(400, message, path));
  const { name, modelId, description, url } = given;
  if (!isStorable(description)) refuseOpaquely();
  return store.write(() => {
    const model = findModel(store, modelId, world.models) ?? refuseError(400, 'Model not found');
    if (setsOf(store, world, model).some(({ record }) => record.name === name)) {
      refuseError(400, 'Source set name already exists for this model.');
    }
    const set = { modelId, name, owner: account.id, description, url, createdAt: now.toISOString() };
    store.models.addSourceSet(set);
    return answer({ ...userSetRecord(set, world), sources: [], releases: null, model });
  });
};

/** `GET /api/source-set/{model}/{name}`: "missing" is `null`; "exists, creator key: 12 sources", none for others. */
export const getSourceSet: Handler = ({ store, account, params: [modelId = '', name = ''] }, world) => {
  const set = store.models.sourceSet(modelId, name);
  const model = findModel(store, modelId, world.models);
  if (set === undefined || model === undefined) return answer(null);
  const sources = account?.id === set.owner ? sourcesOf(set, model.layers) : [];
  return answer({ ...userSetRecord(set, world), sources, releases: null, model });
};
