import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AppError } from '../../src/errors.ts';
import type { Format, TensorFile } from '../../src/formats/format.ts';
import { formats, openTensorFile } from '../../src/formats/open.ts';
import { namedTensor } from '../../src/layouts/bare.ts';
import { openFile } from '../../src/tensor/byte-source.ts';
import { flatRow, matrixOf } from '../../src/tensor/tensor.ts';
import { checkRows } from '../../src/upload/check-rows.ts';
import { sidecar } from '../fixtures.ts';
import { fixturesIn } from './promises.ts';

interface Fault {
  /** The reader that gets the file; `none` if it is not a weight file at all. */
  readonly format: string;
  readonly why: string;
  /** A pattern that a useful message matches in lower case. */
  readonly error: string;
  /** The file beside it that the message must name instead. */
  readonly file?: string;
}

const files = fixturesIn('malformed');

test('there are at least 163 malformed fixtures', () => {
  expect(files.length).toBeGreaterThanOrEqual(83 + 44 + 36);
});

test.each(files)('%s is refused with a message that says why and where', async (_, path) => {
  const fault = sidecar<Fault>(path);
  const error = await refusal(path, fault);
  expect(error, `${fault.why} Nothing refused it.`).toBeInstanceOf(AppError);
  expect(error?.exitCode).toBe(6);
  expect(error?.message).toContain(fault.file ? join(dirname(path), fault.file) : path);
  // The names of these files say what is wrong with them; the message must say it without them.
  const said = [error?.message, ...(error?.hints ?? [])].join('\n').replaceAll(path, '');
  expect(said.toLowerCase()).toMatch(new RegExp(fault.error));
  const cell = /row (\d+) has .* at column (\d+)/i.exec(fault.why);
  if (cell) expect(error?.message).toContain(`row ${cell[1]}, value ${cell[2]}:`);
});

test.each(files)('%s makes no reader request more bytes than the file has', async (_, path) => {
  for (const format of formats) {
    const file = await openFile(path);
    onTestFinished(() => file.close());
    let largest = 0;
    const watched = {
      ...file,
      read(into: Uint8Array, position: number) {
        largest = Math.max(largest, into.length);
        return file.read(into, position);
      },
    };
    const error = await format.open(path, watched).catch((thrown: unknown) => thrown);
    if (error instanceof Error) expect(error, format.name).toBeInstanceOf(AppError);
    expect(largest).toBeLessThanOrEqual(file.size);
  }
});

/** Returns the error of opening the file, of naming an unreadable tensor or of checking rows; undefined if none. */
async function refusal(path: string, fault: Fault): Promise<AppError | undefined> {
  try {
    const file = await openAs(path, fault.format);
    for (const name of file.undecodable.keys()) namedTensor(file, name);
    for (const tensor of file.tensors.values()) {
      const matrix = tensor.shape.length === 2 ? matrixOf(tensor, 'rows') : flatRow(tensor);
      await checkRows(matrix, [[0, matrix.rows]], () => {});
    }
    return undefined;
  } catch (error) {
    return error as AppError;
  }
}

/**
 * Opens a file with the reader that its sidecar names. If the content is of another format, it is not malformed to that
 * format's own reader, which would get it by its bytes.
 */
async function openAs(path: string, name: string): Promise<TensorFile> {
  const claimed = formats.find((format) => format.name === name);
  const sniffed = formats.find((format: Format) => format.sniff(readFileSync(path).subarray(0, 512)));
  if (!claimed || !sniffed || claimed === sniffed) {
    const file = await openTensorFile(path);
    onTestFinished(() => file.close());
    return file;
  }
  const bytes = await openFile(path);
  onTestFinished(() => bytes.close());
  const contents = await claimed.open(path, bytes);
  onTestFinished(() => contents.close?.());
  return { ...contents, path, format: name, close: () => bytes.close() };
}
