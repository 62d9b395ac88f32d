import { expect, it } from 'vitest';
import type { CommandContext } from '../../src/cli/context.ts';
import { atServerOf } from '../../src/cli/job-server.ts';
import type { JournalState } from '../../src/upload/journal-state.ts';

it.each([
  ['http://127.0.0.1:3000', 'public', {}, { apiUrl: 'http://127.0.0.1:3000' }],
  ['embedded sandbox', 'public', {}, { sandboxPublic: true }],
  ['embedded sandbox', 'upload-protocol', {}, { sandbox: true }],
  ['embedded sandbox', 'public', { sandbox: true }, { sandbox: true }],
])('a job at %s (%s) without a recorded command, with options %j, is asked for at %j', async (...row) => {
  const [serverName, serverKind, options, expected] = row;
  const state = { job: { serverName, serverKind } } as unknown as JournalState;
  const context = { options, env: {} } as unknown as CommandContext;
  expect((await atServerOf(context, '0123456789abcdef', state)).options).toEqual(expected);
});
