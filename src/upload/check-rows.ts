import { AppError, mostListed } from '../errors.ts';
import { countRows, membership, type Ranges } from '../tensor/ranges.ts';
import { label, type Matrix } from '../tensor/tensor.ts';
import type { CheckSizes } from './check-sizes.ts';
import { checkValues, type Finding } from './check-values.ts';
import { type BodyFormat, nameRow } from './delivery.ts';
import type { OnEvent } from './events.ts';
import { blockHasher, wholeBlocks } from './fingerprint.ts';

/** What reading the planned rows has found. */
export interface CheckedRows {
  /** Fingerprints of the blocks that the rows lie in. */
  readonly blocks: ReadonlyMap<number, string>;
  /** Rows that cannot be sent, and why; filled with `skipBad` only. */
  readonly bad: ReadonlyMap<number, string>;
}

export interface CheckOptions {
  /** How errors name rows. */
  readonly format?: Pick<BodyFormat, 'indexOf'>;
  /** Finds rows too large for a body; absent if none can be. */
  readonly sizes?: CheckSizes | undefined;
  /** There is no other row, so this one cannot be left out. */
  readonly isOnly?: boolean;
  /** Rows that cannot be sent are reported in the result instead of refused. */
  readonly skipBad?: boolean;
  /** Other runs have the remaining rows, so it is no error if none of these is left. */
  readonly isPart?: boolean;
}

/**
 * Reads the planned rows once before anything is sent: all values must be finite as float32, and each row fit into a body.
 * Errors: not_finite and cannot_be_stored, listing the first 20; with `skipBad` only if no row is left.
 */
export async function checkRows(
  matrix: Matrix,
  planned: Ranges,
  onEvent: OnEvent,
  { format = {}, sizes, isOnly = false, skipBad = false, isPart = false }: CheckOptions = {},
): Promise<CheckedRows> {
  const hasher = blockHasher(matrix.width);
  const findings: Finding[] = [];
  const isPlanned = membership(planned);
  const whole = wholeBlocks(planned, matrix.rows);
  const total = countRows(whole);
  let rows = 0;
  const reasons = new Map<number, string>();
  const large = new Map<number, string>();
  let bad = 0;
  for await (const part of checkValues(matrix, whole, hasher, sizes !== undefined)) {
    for (const finding of part.bad) {
      if (!isPlanned(finding.row)) continue;
      bad++;
      if (findings.length < mostListed) findings.push(finding);
      if (skipBad) reasons.set(finding.row, `value ${finding.column} is ${finding.value}`);
    }
    for (const [row, why] of (part.block && (await sizes?.(part.block, isPlanned))) ?? []) large.set(row, why);
    rows += part.rows;
    onEvent({ type: 'checking', rows, total });
  }
  const left = countRows(planned) - new Set([...large.keys(), ...reasons.keys()]).size;
  const noneLeft = skipBad && left === 0 && !isPart;
  if (bad > 0 && (!skipBad || noneLeft)) throw notFinite(matrix, findings, bad, { format, isOnly, skipBad });
  if (large.size > 0 && (!skipBad || noneLeft)) throw tooLarge(matrix, large, { format, skipBad });
  return { blocks: hasher.finish(), bad: new Map([...large, ...reasons]) };
}

function tooLarge(
  { tensor }: Matrix,
  large: ReadonlyMap<number, string>,
  { format = {}, skipBad = false }: CheckOptions,
): AppError {
  const list = [...large].slice(0, mostListed).map(([row, why]) => `${nameRow(format, row)}: ${why}`);
  const rows = large.size === 1 ? '1 row is' : `${large.size} rows are`;
  return new AppError('cannot_be_stored', `${label(tensor)}: ${rows} too large to be sent`, {
    findings: { first: list, count: large.size },
    hints: [
      skipBad
        ? 'these are all the rows, so --skip-bad-rows would leave nothing to send; raise --max-body if you lowered it (the server has its own limit)'
        : 'nothing was sent; raise --max-body if you lowered it (the server has its own limit), or leave these rows out with --skip-bad-rows',
    ],
    details: {
      file: tensor.file,
      tensor: tensor.name,
      rows: [...large.keys()].slice(0, mostListed),
      count: large.size,
    },
  });
}

function notFinite(
  matrix: Matrix,
  findings: readonly Finding[],
  bad: number,
  { format = {}, isOnly = false, skipBad = false }: CheckOptions,
): AppError {
  const { tensor } = matrix;
  const list = findings.map(({ row, column, value }) => `${nameRow(format, row)}, value ${column}: ${value}`);
  const wide = tensor.dtype === 'F64' || tensor.dtype === 'I64' || tensor.dtype === 'U64';
  const rows = bad === 1 ? '1 row holds' : `${bad} rows hold`;
  return new AppError('not_finite', `${label(tensor)}: ${rows} NaN or infinity`, {
    findings: { first: list, count: bad },
    hints: [
      wide
        ? `values are sent as float32: ${tensor.dtype} values beyond ±3.4e38 become infinite`
        : skipBad
          ? 'these are all the rows, so --skip-bad-rows would leave nothing to send; check whether this really is the decoder, or why training produced such values'
          : isOnly
            ? 'nothing was sent; values are sent as float32, where anything beyond ±3.4e38 is infinite; find out where these values come from'
            : 'nothing was sent; leave these rows out with --skip-bad-rows, or find out why training produced such values',
    ],
    details: { file: tensor.file, tensor: tensor.name, rows: findings.map(({ row }) => row), count: bad },
  });
}
