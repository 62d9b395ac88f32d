import { createHash } from 'node:crypto';
import type { Account } from '../accounts.ts';
import type { Answer } from '../answer.ts';
import type { Call } from '../route.ts';
import { refuse, refuseField } from './refusal.ts';

/** A successful answer, with the rows it is about. */
export interface Stored {
  answer: Answer;
  modelId: string;
  source: string;
  indices: number[];
}

const MAX_KEY_LENGTH = 255;

function earlierAnswer({ store }: Call, account: Account, key: string, bodyHash: string): Answer | undefined {
  const replay = store.replays.find(account.id, key);
  if (replay === undefined) return undefined;
  if (replay.bodyHash === bodyHash) return { status: replay.status, text: replay.answer };
  refuse(422, 'idempotency_key_reused', 'this Idempotency-Key was already used with a different request');
}

function remember({ store, now }: Call, account: Account, key: string, bodyHash: string, stored: Stored): void {
  const { answer, ...rows } = stored;
  const said = { bodyHash, status: answer.status, answer: answer.text };
  store.replays.add({ userId: account.id, key, ...said, ...rows, createdAt: now.toISOString() });
}

/**
 * Runs an upload once per user and `Idempotency-Key`. `prepare` checks the body and returns a function that stores it, in
 * one transaction with the key. The same key and body again get the first answer, without running either function.
 */
export function answerOnce(call: Call, account: Account, prepare: () => () => Stored): Answer {
  const { store, idempotencyKey: key, path, body } = call;
  if (key === undefined) {
    const storeIt = prepare();
    return store.write(() => storeIt().answer);
  }
  if (key === '' || key.length > MAX_KEY_LENGTH)
    refuseField('Idempotency-Key', `must be 1 to ${MAX_KEY_LENGTH} characters long`);
  const bodyHash = createHash('sha256').update(`${path}\n`).update(body).digest('hex');
  const earlier = earlierAnswer(call, account, key, bodyHash);
  if (earlier !== undefined) return earlier;
  const storeIt = prepare();
  return store.write(() => {
    // Another process may have handled the same request since the check above.
    const meanwhile = earlierAnswer(call, account, key, bodyHash);
    if (meanwhile !== undefined) return meanwhile;
    const stored = storeIt();
    remember(call, account, key, bodyHash, stored);
    return stored.answer;
  });
}
