import { answer } from '../answer.ts';
import { listRecord } from '../records/lists.ts';
import { refuseMessage } from './refusals.ts';
import { requireUser } from './request.ts';
import type { Handler } from './world.ts';

/** `POST /api/user/refresh`: who the key belongs to. */
export const refreshUser: Handler = (call, world) => {
  const { id, name } = requireUser(call);
  const { store } = call;
  const contact = { email: null, emailVerified: null, githubUsername: null };
  const roles = { bot: false, image: null, admin: false, canTriggerExplanations: false, isProblemEditor: false };
  const mail = { emailNewsletterNotification: true, emailUnsubscribeAll: false, emailUnsubscribeCode: `u-${name}` };
  const lists = store.lists.owned(id).map((each) => listRecord(each, world.nameOf(each.owner)));
  return answer({ id, name, bio: '', ...contact, ...roles, ...mail, createdAt: store.createdAt, lists });
};

/** `POST /api/user/api-key`: the answer to a user with a provider key is not recorded, so everyone gets this one. */
export const getSecret: Handler = (call) => {
  requireUser(call);
  refuseMessage(404, 'Secret not found');
};

/** `POST /api/graph/list-owned`: always empty, as nobody has graphs here. */
export const listOwnedGraphs: Handler = (call) => {
  requireUser(call);
  return answer([]);
};
