import { expect, it } from 'vitest';
import type { CommandContext } from '../../src/cli/context.ts';
import { type End, finishJobs } from '../../src/cli/sae-summary.ts';
import type { Session } from '../../src/cli/session.ts';
import { AppError } from '../../src/errors.ts';

it('a job that failed is summed up with the rows that nobody knows of', () => {
  const documents: unknown[] = [];
  const out = { document: (one: unknown) => documents.push(one), note: () => undefined };
  const error = new AppError('outcome_unknown', 'row 3 may be there', { details: { rows: [3], job: 'j' } });
  const context = { out, options: {}, command: '' } as unknown as CommandContext;
  const ends = [{ source: 'm/1-x', prepared: {}, error }] as unknown as End[];
  expect(finishJobs(context, { idOrUrl: (id) => id } as Session, ends)).toBe(9);
  expect(documents).toMatchObject([{ status: 'failed', jobs: [{ source: 'm/1-x', exitCode: 9, unknown: 1 }] }]);
});
