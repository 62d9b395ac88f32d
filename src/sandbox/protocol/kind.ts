import type { Answer } from '../answer.ts';
import { readBody } from '../body.ts';
import { haltedAnswer } from '../halt.ts';
import type { ServerKind } from '../kind.ts';
import { standIn } from '../stand-ins/completion.ts';
import type { Upstream } from '../steering/upstream.ts';
import { MAX_BODY_BYTES } from './limits.ts';
import { answerRefusal } from './refusal.ts';
import { protocolRoutes } from './routes.ts';

function failure(error: unknown): Answer {
  const halted = haltedAnswer(error);
  if (halted !== undefined) return halted;
  const { code, message } = error as { code?: unknown; message?: string };
  // Another process held the store for longer than the driver waits: the client should try again.
  if (String(code).startsWith('SQLITE_BUSY')) {
    const headers = { 'retry-after': '1' };
    return answerRefusal({ status: 503, code: 'busy', message: 'the sandbox store is busy; try again', headers });
  }
  return answerRefusal({ status: 500, code: 'internal', message: `the sandbox failed: ${message}` });
}

function wrongMethod(allowed: readonly string[]): Answer {
  const allow = allowed.join(', ');
  const message = `this endpoint accepts only ${allow}`;
  return answerRefusal({ status: 405, code: 'method_not_allowed', message, headers: { allow } });
}

/** Makes a server with the upload protocol. Without a model behind it, steering answers with a stand-in. */
export const uploadProtocol = (upstream: Upstream = standIn): ServerKind => ({
  routes: protocolRoutes(upstream),
  maxBodyBytes: MAX_BODY_BYTES,
  readBody,
  bodyTooLarge: (cap) => {
    const message = `the body is larger than ${cap} bytes`;
    return answerRefusal({ status: 413, code: 'body_too_large', message });
  },
  notHttp: () => answerRefusal({ status: 400, code: 'bad_request', message: 'not an HTTP request' }),
  unknownPath: () => answerRefusal({ status: 404, code: 'not_found', message: 'no such endpoint' }),
  badPath: (message) => answerRefusal({ status: 400, code: 'invalid_field', message }),
  wrongMethod,
  failure,
});
