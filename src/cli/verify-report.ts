import { count } from '../count.ts';
import { AppError } from '../errors.ts';
import { wrongShare } from '../upload/sample.ts';
import { type Server, toDelete } from '../upload/server.ts';
import type { Verification } from '../upload/verify-rows.ts';
import type { Output } from './output.ts';

/** What a verification found, as its document shows it. */
export interface VerifyFields extends Verification {
  /** Rows that could have been compared. */
  readonly rows: number;
  /** Whether all of them were compared. */
  readonly every: boolean;
  /** `files`: rows were compared with the files; `presence`: they were only looked for. */
  readonly basis: string;
  readonly chanceToNoticeOnePercent?: number;
}

/** Shows how many rows were compared, how much a sample of that size proves, and what differs. */
export function tellVerification(out: Output, fields: VerifyFields): void {
  const { compared, rows, different, differences, basis, chanceToNoticeOnePercent: chance } = fields;
  if (rows === 0) {
    out.result('  verify   no row of this job is known to be on the server: there is nothing to verify');
    return;
  }
  const done = basis === 'presence' ? 'looked for' : 'read back';
  const all = basis === 'presence' ? 'all of them are there' : 'all of them as they were sent';
  out.result(
    `  verify   ${count(compared)} of ${count(rows)} rows ${done}: ${different === 0 ? all : `${count(different)} differ`}`,
  );
  if (chance !== undefined) {
    const wrong = Math.ceil(rows * wrongShare);
    out.result(
      `           chosen at random: if 1 % of the rows (${count(wrong)}) were wrong, the chance that this would have found one is ${percent(chance)}`,
    );
  }
  for (const { row, id, field, expected, found } of differences) {
    out.result(`  row ${row}  ${id}  ${field}: sent ${expected}, found ${found}`);
  }
}

/** Rounds down: 99.96 % must not show as 100 %. */
function percent(chance: number): string {
  return `${(Math.floor(chance * 1000) / 10).toFixed(1)} %`;
}

/** Throws if any row differs. Error: difference, with the first differences. */
export function requireSame(job: string, server: Server, fields: VerifyFields): void {
  const { compared, different, differences, every } = fields;
  if (different === 0) return;
  const gone = differences.some(({ field }) => field === 'row');
  throw new AppError(
    'difference',
    `job ${job}: ${count(different)} of ${count(compared)} rows read back are not what was sent`,
    {
      hints: [
        ...(every ? [] : ['--verify --verify-rows all compares every row']),
        ...(gone ? ['rows that are gone are sent again by the same upload with --restart'] : []),
        ...(differences.some(({ field }) => field !== 'row')
          ? [
              `delete rows that differ with ${toDelete(server, different === 1 ? (differences[0]?.id ?? 'ID') : 'ID')}, or all rows of the job with ${toDelete(server, `--job ${job}`)}; the same upload with --restart then sends them again`,
            ]
          : []),
      ],
      details: { job, ...fields },
    },
  );
}
