import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { steadyNow } from '../../src/steady-clock.ts';
import { matrixOf } from '../../src/tensor/tensor.ts';
import type { SendInput } from '../../src/upload/batch.ts';
import type { Delivery, Outcome } from '../../src/upload/delivery.ts';
import { type Journal, openJournal, readJournal } from '../../src/upload/journal.ts';
import { createPacer } from '../../src/upload/pacer.ts';
import { sendRows } from '../../src/upload/send-rows.ts';
import { npyImage, opened, tempFolder, writeFiles } from '../fixtures.ts';

const [rows, width, batchRows] = [120, 4, 10];
let journal: Journal;
let isOurs: boolean;
let stop: AbortController;
/** Requests in flight, oldest first; the test answers each. */
let underWay: { readonly body: Uint8Array; readonly asSent: Buffer; answer(outcome: Outcome): void }[];
let sent: number;

beforeEach(async () => {
  isOurs = true;
  const stillOurs = async () => {
    if (!isOurs) throw new Error('another run has it');
  };
  journal = await openJournal(join(await tempFolder(), 'jobs', 'job.journal'), { stillOurs });
  stop = new AbortController();
  underWay = [];
  sent = 0;
});

afterEach(() => journal.close());

function delivery(settle: Delivery['settle'], maxInFlight: number, pacer = createPacer()): Delivery {
  return {
    format: {
      before: '[',
      after: ']',
      values: true,
      around: () => (row) => ({ before: `{"index":${row},"vector":[`, after: ']}' }),
    },
    maxRows: batchRows,
    maxBytes: 1e6,
    maxInFlight,
    settle,
    serverNames: false,
    pacer,
    send: (body) =>
      new Promise((answer) => {
        sent++;
        underWay.push({ body, asSent: Buffer.from(body), answer });
      }),
    lookup: async () => ({ stored: new Map() }),
  };
}

async function start(how: Delivery, more: Partial<SendInput> = {}): Promise<ReturnType<typeof sendRows>> {
  const folder = await tempFolder();
  const values = Float32Array.from({ length: rows * width }, (_, i) => i / 8);
  await writeFiles(folder, { 'rows.npy': npyImage('<f4', false, [rows, width], Buffer.from(values.buffer)) });
  const file = await opened(join(folder, 'rows.npy'));
  const input: SendInput = {
    job: 'job',
    // Used only to name it in errors.
    server: undefined as never,
    identity: { model: 'm', source: '1-s', as: 'features' },
    matrix: matrixOf(file.tensors.get('')!, 'rows'),
    pending: [[0, rows]],
    doubtful: [],
    unknown: [],
    nextBatch: 0,
    takenBefore: false,
    journal,
    delivery: how,
    settleTimeoutMs: 0,
    stop: stop.signal,
    abort: new AbortController().signal,
    onEvent: () => undefined,
    onConfirmed: () => undefined,
    onQuarantined: () => undefined,
  };
  return sendRows({ ...input, ...more });
}

const intents = async () => (await readJournal(journal.path))?.state.unknown.map(({ batch }) => batch) ?? [];
/** Waits until no intent comes or goes in 50 turns of the event loop: nothing more will happen without an answer. */
async function untilQuiet(): Promise<void> {
  for (let seen = -1; seen !== (await intents()).length; ) {
    seen = (await intents()).length;
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  }
}
const answerFirst = () => underWay.shift()?.answer({ type: 'stored' });

async function answerAll(run: Promise<unknown>): Promise<void> {
  let over = false;
  const end = run.finally(() => {
    over = true;
  });
  while (!over) {
    answerFirst();
    await new Promise(setImmediate);
  }
  await end;
}

describe('bodies made ahead of their turn', () => {
  it('are two more than those in flight, with durable intents in the journal, if keys settle their outcome', async () => {
    const sync = vi.spyOn(journal, 'sync');
    const run = start(delivery('resend', 4));
    await vi.waitFor(async () => expect([await intents(), sent]).toEqual([[0, 1, 2], 1]));
    await untilQuiet();
    expect([await intents(), sent]).toEqual([[0, 1, 2], 1]);
    expect(sync.mock.settledResults.map(({ type }) => type)).toEqual(Array(3).fill('fulfilled'));
    answerFirst();
    await vi.waitFor(async () => expect([await intents(), sent]).toEqual([[1, 2, 3, 4], 3]));
    await untilQuiet();
    expect([await intents(), sent]).toEqual([[1, 2, 3, 4], 3]);
    await answerAll(run);
    expect(sent).toBe(rows / batchRows);
  });

  it('do not exist if unanswered batches have to be looked up', async () => {
    const run = start(delivery('lookup', 2));
    await vi.waitFor(() => expect(sent).toBe(1));
    await untilQuiet();
    expect([await intents(), sent]).toEqual([[0], 1]);
    await answerAll(run);
  });

  it('are not sent once the run is stopped, and are not left open', async () => {
    const run = start(delivery('resend', 1));
    await vi.waitFor(async () => expect([await intents(), sent]).toEqual([[0, 1, 2], 1]));
    stop.abort();
    answerFirst();
    expect(await run).toEqual({ type: 'stopped' });
    expect([await intents(), sent]).toEqual([[], 1]);
    expect((await readJournal(journal.path))?.state.stored).toEqual([[0, batchRows]]);
  });

  it('are not sent if the run is stopped while it waits for a request window', async () => {
    const pacer = createPacer();
    const run = start(delivery('resend', 1, pacer));
    await vi.waitFor(async () => expect([await intents(), sent]).toEqual([[0, 1, 2], 1]));
    pacer.refused({ limit: 1, ms: 3_600_000, opensInMs: 3_600_000 }, steadyNow());
    answerFirst();
    await untilQuiet();
    stop.abort();
    expect(await run).toEqual({ type: 'stopped' });
    expect([await intents(), sent]).toEqual([[], 1]);
  });

  it('are not sent once another run has taken the job', async () => {
    const run = start(delivery('resend', 1));
    await vi.waitFor(async () => expect([await intents(), sent]).toEqual([[0, 1, 2], 1]));
    await untilQuiet();
    isOurs = false;
    answerFirst();
    await expect(run).rejects.toThrow('another run has it');
    expect(sent).toBe(1);
  });

  it('are not sent once the quota is spent', async () => {
    const run = start(delivery('resend', 1));
    await vi.waitFor(async () => expect([await intents(), sent]).toEqual([[0, 1, 2], 1]));
    underWay.shift()?.answer({ type: 'quota', left: 0, resumeAt: undefined, why: 'spent' });
    expect(await run).toMatchObject({ type: 'quota' });
    expect([await intents(), sent]).toEqual([[], 1]);
  });

  it('are not sent once another has been refused for good', async () => {
    const run = start(delivery('resend', 1));
    await vi.waitFor(async () => expect([await intents(), sent]).toEqual([[0, 1, 2], 1]));
    underWay.shift()?.answer({ type: 'refused', error: new AppError('upload_not_permitted', 'no') });
    await expect(run).rejects.toMatchObject({ code: 'upload_not_permitted' });
    expect([await intents(), sent]).toEqual([[], 1]);
  });

  it('keep their bytes until they are answered, whatever is made meanwhile', async () => {
    const run = start(delivery('resend', 4));
    const seen = new Set<number>();
    let over = false;
    const end = run.finally(() => {
      over = true;
    });
    while (!over) {
      const [first] = underWay.splice(Math.floor(underWay.length / 2), 1);
      if (first) expect(Buffer.from(first.body)).toEqual(first.asSent);
      const features = first ? (JSON.parse(first.asSent.toString()) as { index: number; vector: number[] }[]) : [];
      for (const { index, vector } of features) {
        seen.add(index);
        expect(vector).toEqual([0, 1, 2, 3].map((i) => (index * width + i) / 8));
      }
      first?.answer({ type: 'stored' });
      await new Promise(setImmediate);
    }
    expect(await end).toEqual({ type: 'finished' });
    expect(seen.size).toBe(rows);
  });
});

describe('a batch whose first answer was lost', () => {
  const lost: Outcome = { type: 'unknown', answered: false, waitMs: 0, why: 'lost' };
  const ends: Record<string, [Outcome, object]> = {
    'a spent quota': [{ type: 'quota', left: 5, resumeAt: undefined, why: 'spent' }, { type: 'quota' }],
    'a refusal': [{ type: 'refused', error: new AppError('refused', 'no') }, { code: 'refused' }],
  };
  for (const [name, [answer, end]] of Object.entries(ends)) {
    it(`stays unknown if its second try meets ${name}, as only its key can settle it`, async () => {
      const run = start(delivery('resend', 1));
      await vi.waitFor(() => expect(sent).toBe(1));
      underWay.shift()?.answer(lost);
      await vi.waitFor(() => expect(sent).toBe(2));
      underWay.shift()?.answer(answer);
      expect(await run.catch((error: unknown) => error)).toMatchObject(end);
      expect([await intents(), sent]).toEqual([[0], 2]);
    });
  }

  it('stays unknown if a later run meets a spent quota with it', async () => {
    const first = start(delivery('resend', 1));
    await vi.waitFor(() => expect(sent).toBe(1));
    stop.abort();
    underWay.shift()?.answer(lost);
    expect(await first).toEqual({ type: 'stopped' });
    const { unknown = [], nextBatch = 0 } = (await readJournal(journal.path))?.state ?? {};
    const later = { unknown, nextBatch, pending: [], stop: new AbortController().signal };
    const second = start(delivery('resend', 1), later);
    await vi.waitFor(() => expect(sent).toBe(2));
    underWay.shift()?.answer({ type: 'quota', left: 0, resumeAt: undefined, why: 'spent' });
    expect(await second).toMatchObject({ type: 'quota' });
    expect([await intents(), sent]).toEqual([[0], 2]);
  });

  it('is left to the next run if the server asks for a wait of hours', async () => {
    const run = start(delivery('resend', 1));
    await vi.waitFor(() => expect(sent).toBe(1));
    underWay.shift()?.answer({ ...lost, waitMs: 7_200_000 });
    expect(await run).toMatchObject({ type: 'quota', waitMs: 7_200_000, why: 'lost' });
    expect([await intents(), sent]).toEqual([[0], 1]);
  });
});

it('a batch that fails with a request to wait for hours is neither looked up nor given up', async () => {
  const looked = vi.fn(async () => ({ stored: new Map() }));
  const run = start({ ...delivery('lookup', 1), lookup: looked });
  await vi.waitFor(() => expect(sent).toBe(1));
  underWay.shift()?.answer({ type: 'unknown', answered: true, waitMs: 7_200_000, why: 'failed' });
  expect(await run).toMatchObject({ type: 'quota', waitMs: 7_200_000 });
  expect(looked).not.toHaveBeenCalled();
  expect([await intents(), sent]).toEqual([[0], 1]);
});

it('a refusal is reported even if the run was stopped meanwhile', async () => {
  const run = start(delivery('resend', 1));
  await vi.waitFor(() => expect(sent).toBe(1));
  stop.abort();
  underWay.shift()?.answer({ type: 'refused', error: new AppError('upload_not_permitted', 'no') });
  await expect(run).rejects.toMatchObject({ code: 'upload_not_permitted' });
});
