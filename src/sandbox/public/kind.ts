import type { Answer } from '../answer.ts';
import { readCutBody } from '../body.ts';
import { haltedAnswer } from '../halt.ts';
import type { ServerKind } from '../kind.ts';
import { unknownPath } from './page.ts';
import { OPAQUE } from './refusals.ts';
import { publicRoutes } from './routes.ts';
import { type Admission, admit } from './windows.ts';
import { type WorldOptions, worldOf } from './world.ts';

// "body 10.6 MB", "10.4 MB batch": the framework cuts off longer bodies, and JSON that is cut off is malformed.
const MAX_BODY_BYTES = 10_485_760;

// The limit of the hosting platform, which is not in the recording. (Its limit on request bodies is not imitated.)
const MAX_ANSWER_BYTES = 4_500_000;

const TOO_LARGE: Answer = {
  status: 413,
  type: 'text/plain; charset=utf-8',
  text: 'Request Entity Too Large\n\nFUNCTION_PAYLOAD_TOO_LARGE\n',
};

const CORS = { 'access-control-allow-origin': '*', vary: 'Accept-Encoding' };

const NO_WINDOW: Admission = { remaining: null };

const empty = (status: number): Answer => ({ status, type: null, text: '' });

/** Options of a public server. */
export interface PublicOptions extends WorldOptions {
  rateLimit?: boolean;
  maxAnswerBytes?: number;
}

function within(given: Answer, most: number): Answer {
  return Buffer.byteLength(given.text) > most ? TOO_LARGE : given;
}

// Quoted phrases in the comments of the sandbox are titles of recorded exchanges (test/sandbox/exchanges.jsonl).
/** Makes a server that behaves as the public one was observed to. */
export function publicServer(options: PublicOptions): ServerKind {
  const { rateLimit = false, maxAnswerBytes = MAX_ANSWER_BYTES } = options;
  return {
    routes: publicRoutes(worldOf(options)),
    maxBodyBytes: MAX_BODY_BYTES,
    readBody: readCutBody,
    bodyTooLarge: () => OPAQUE,
    notHttp: () => empty(400),
    unknownPath,
    // The database refuses NUL, and the site refuses a malformed address.
    badPath: () => OPAQUE,
    // "GET on it": only a status, with an empty body.
    wrongMethod: () => empty(405),
    failure: (error) => haltedAnswer(error) ?? OPAQUE,
    around: async (visit, answerIt) => {
      const admission = rateLimit ? admit(visit) : NO_WINDOW;
      if ('refused' in admission) return admission.refused;
      const { remaining } = admission;
      const given = within(await answerIt(remaining), maxAnswerBytes);
      const left = remaining === null ? {} : { 'x-limit-remaining': remaining };
      return { ...given, headers: { ...CORS, ...left, ...given.headers } };
    },
  };
}
