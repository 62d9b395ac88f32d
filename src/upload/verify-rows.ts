import { mostListed } from '../errors.ts';
import type { Ranges } from '../tensor/ranges.ts';
import { rowBlocks } from '../tensor/row-blocks.ts';
import type { Matrix } from '../tensor/tensor.ts';
import { bodies } from './bodies.ts';
import { type Body, createBufferPool } from './body.ts';
import { compareContent, type FieldDifference } from './compare-content.ts';
import type { BodyFormat, Delivery } from './delivery.ts';
import type { RowContent, Server } from './server.ts';

/** A field of a row that differs on the server from what was sent; the field `row` means that the row is not there. */
export interface RowDifference extends FieldDifference {
  readonly row: number;
  readonly id: string;
}

export interface Verification {
  /** Rows that were read back. */
  readonly compared: number;
  /** Of these, rows with any difference; `differences` lists the first ones. */
  readonly different: number;
  readonly differences: readonly RowDifference[];
}

export interface VerifyInput {
  readonly server: Pick<Server, 'rows' | 'capabilities'>;
  readonly matrix: Matrix;
  /** Rows that the server has said it stored. */
  readonly rows: Ranges;
  readonly delivery: Pick<Delivery, 'format' | 'maxBytes'>;
  idOf(row: number): string | undefined;
  /** Called with the rows compared so far; may throw to end it. */
  onProgress(compared: number): void;
}

/** Rows are read back in full, and each vector takes 15 KB or more. */
const rowsAtOnce = 32;

/**
 * Builds the requests for rows again, as if to send them, reads the rows back from the server and compares each field.
 * Errors: those of asking, and of reading the files.
 */
export async function verifyRows(input: VerifyInput): Promise<Verification> {
  const { matrix, rows, delivery } = input;
  const differences: RowDifference[] = [];
  let [compared, different] = [0, 0];
  const limits = { rows: rowsAtOnce, bytes: delivery.maxBytes, alone: Number.POSITIVE_INFINITY };
  for await (const body of bodies(rowBlocks(matrix, rows), delivery.format, () => limits, createBufferPool())) {
    for (const found of await compareBody(input, body).finally(() => body.release())) {
      if (found.length > 0) different++;
      differences.push(...found.slice(0, mostListed - differences.length));
    }
    compared += body.pieces.length;
    input.onProgress(compared);
  }
  return { compared, different, differences };
}

/** The differences of each row of a body. */
async function compareBody({ server, delivery, idOf }: VerifyInput, body: Body): Promise<RowDifference[][]> {
  const text = new TextDecoder();
  const sent = body.pieces.map(({ row, start, end }) => ({
    row,
    id: idOf(row) ?? '',
    content: JSON.parse(text.decode(body.bytes.subarray(start, end))) as RowContent,
  }));
  const whole = wholeOf(delivery.format);
  const named = sent.filter(({ id }) => id !== '');
  const there = await server.rows.read(
    named.map(({ id }) => id),
    mostActivations(sent.map(({ content }) => content)),
  );
  return sent.map(({ row, id, content }) => {
    const found = there.get(id);
    if (!found)
      return [{ row, id, field: 'row', expected: 'stored', found: id === '' ? 'its id is not known' : 'gone' }];
    const of = compareContent({ whole, row: content }, found, server.capabilities.exactDoubles);
    return of.map((difference) => ({ row, id, ...difference }));
  });
}

/** The fields that all rows of a body share. */
function wholeOf({ before, after }: BodyFormat): RowContent {
  return before === '' ? {} : (JSON.parse(before + after) as RowContent);
}

/** Activations to ask for: twice the most sent with any row, to show duplicates, and some that others may have added. */
function mostActivations(contents: readonly RowContent[]): number {
  const counts = contents.map(({ activations }) => (Array.isArray(activations) ? activations.length : 0));
  return 2 * Math.max(0, ...counts) + 8;
}
