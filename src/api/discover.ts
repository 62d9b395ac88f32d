import { AppError } from '../errors.ts';
import type * as z from '../schema.ts';
import type { Account, Capabilities, Quota } from '../upload/server.ts';
import { permanentError, readComplaint } from './answer-errors.ts';
import { askAgain, readAs, readOrRefuse } from './ask.ts';
import type { Answer, Http } from './http.ts';
import { limitsSchema, userSchema } from './schemas.ts';
import { serverIdHeader } from './server-id.ts';
import { serverTime } from './server-time.ts';
import { defaultServer } from './server-url.ts';

/** Who and what answers at an address. */
export interface Discovery {
  /** The server's own id, else its origin. */
  readonly id: string;
  readonly account: Account;
  readonly capabilities: Capabilities;
  readonly quota: Quota | undefined;
}

/** Most bodies in flight to a server with the upload protocol. */
const inFlight = 4;

/**
 * Finds out what kind of server it is and whose key this is: `GET /api/upload/limits`, then `POST /api/user/refresh`.
 * Errors: authentication_failed, not_neuronpedia, unreachable, server_failing, refused (a redirect), paused.
 */
export async function discover(http: Http): Promise<Discovery> {
  const first = await askLimits(http);
  let account: Account | undefined;
  let limits = first;
  if (isPublic(first)) {
    account = await fetchAccount(http);
    // A gateway's page is temporary, and makes any server look public. One that really has no limits says so again.
    limits = await askLimits(http);
    if (isPublic(limits)) return publicServer(http, limits, account);
  }
  if (limits.status !== 200) throw notNeuronpedia(http, limits);
  const found = readAs(limits, limitsSchema, asking);
  account ??= await fetchAccount(http);
  return {
    id: ownId(http, limits) ?? found.serverId ?? http.origin,
    account,
    quota: toQuota(found, limits),
    capabilities: {
      kind: 'upload-protocol',
      storesVectors: found.storesVectors,
      storesAttributes: true,
      idempotencyKeys: found.idempotencyKeys,
      exactDoubles: true,
      privateUploads: found.privateUploads,
      maxRows: found.maxFeaturesPerBatch,
      maxBytes: found.maxBodyBytes,
      maxInFlight: inFlight,
    },
  };
}

const asking = 'asking for the upload limits';

/** Asks for the limits; the answer may be a web page. Errors: those of `askAgain`, of a refused key and of a redirect. */
async function askLimits(http: Http): Promise<Answer> {
  const limits = await askAgain(http, { method: 'GET', path: '/api/upload/limits' }, true);
  if (isRefusal(limits)) throw permanentError(limits, 'signing in', 'authentication_failed');
  if (limits.status >= 300 && limits.status < 400) throw permanentError(limits, asking);
  return limits;
}

function toQuota({ tier, features }: z.infer<typeof limitsSchema>, answer: Answer): Quota {
  const { limit, used, resetsAt } = features;
  const asOf = new Date(serverTime(answer));
  return { tier, limit, used, resetsAt: resetsAt ?? undefined, asOf };
}

/** Reads the account's current quota. Errors: those of `ask`. */
export async function askQuota(http: Http): Promise<Quota> {
  const limits = await askAgain(http, { method: 'GET', path: '/api/upload/limits' });
  return toQuota(readOrRefuse(limits, limitsSchema, asking), limits);
}

async function fetchAccount(http: Http): Promise<Account> {
  const answer = await askAgain(http, { method: 'POST', path: '/api/user/refresh' });
  if (isRefusal(answer)) throw permanentError(answer, 'signing in', 'authentication_failed');
  const user = userSchema.safeParse(answer.json);
  if (answer.status !== 200 || !user.success) throw notNeuronpedia(http, answer);
  return { id: user.data.id, name: user.data.name ?? user.data.id };
}

/** Whether a server looks public: that one answers unknown paths with a web page, under status 200 or 404. */
function isPublic(limits: Answer): boolean {
  return limits.status === 404 || limits.status === 405 || (limits.status === 200 && limits.json === undefined);
}

/** Whether the server refuses the key. It does so in JSON; a 401 or 403 page comes from something else. */
function isRefusal(answer: Answer): boolean {
  return (answer.status === 401 || answer.status === 403) && answer.json !== undefined;
}

/** Returns the id that a server sends with every answer. From now on, answers with another id are errors. */
function ownId(http: Http, { headers }: Answer): string | undefined {
  const id = headers.get(serverIdHeader);
  if (id !== undefined) http.bindTo(id);
  return id;
}

function publicServer(http: Http, limits: Answer, account: Account): Discovery {
  return {
    // The public server sends no id. A sandbox that imitates it does, because its port changes from run to run.
    id: ownId(http, limits) ?? http.origin,
    account,
    quota: undefined,
    capabilities: {
      kind: 'public',
      storesVectors: false,
      storesAttributes: false,
      idempotencyKeys: false,
      exactDoubles: false,
      privateUploads: false,
      maxRows: 128,
      maxBytes: 2_000_000,
      maxInFlight: 1,
    },
  };
}

function notNeuronpedia({ origin, basePath }: Http, answer: Answer): AppError {
  const url = origin + basePath;
  const said = answer.json === undefined ? ` (${readComplaint(answer).message})` : '';
  return new AppError('not_neuronpedia', `${url}: is not a Neuronpedia server${said}`, {
    hints: [
      basePath === ''
        ? `check --api-url; the public server is ${defaultServer}`
        : `give the address of the server itself, not of a page on it: --api-url ${origin}`,
    ],
    details: { url, status: answer.status },
  });
}
