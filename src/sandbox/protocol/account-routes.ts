import { type Answer, answer } from '../answer.ts';
import { listRecord } from '../records/lists.ts';
import type { Call } from '../route.ts';
import { MAX_BODY_BYTES, MAX_FEATURES_PER_BATCH } from './limits.ts';
import { quotaOf } from './quota.ts';
import { requireAccount } from './request.ts';

/** `GET /api/upload/limits`: what this user may send today, and what this server can do. */
export function uploadLimits(call: Call): Answer {
  const account = requireAccount(call);
  const { tier, privateUploads } = account;
  return answer({
    tier,
    features: quotaOf(call, account),
    privateUploads,
    maxFeaturesPerBatch: MAX_FEATURES_PER_BATCH,
    maxBodyBytes: MAX_BODY_BYTES,
    storesVectors: true,
    idempotencyKeys: true,
    serverId: call.store.serverId,
  });
}

/** `POST /api/user/refresh`: who the key belongs to. */
export function refreshUser(call: Call): Answer {
  const { id, name } = requireAccount(call);
  const contact = { email: null, emailVerified: null, githubUsername: null, image: null };
  const roles = { bot: false, admin: false, canTriggerExplanations: false, isProblemEditor: false };
  const mail = { emailNewsletterNotification: false, emailUnsubscribeAll: false, emailUnsubscribeCode: `u-${name}` };
  const lists = call.store.lists.owned(id).map((list) => listRecord(list, name));
  return answer({ id, name, bio: '', ...contact, ...roles, ...mail, createdAt: call.store.createdAt, lists });
}
