import { expect } from 'vitest';
import { documentsOf, linesOf, type Ran } from './run-cli.ts';

/** Returns the `neuronpedia: error:` lines on stderr, without that prefix. */
export function errorsOf({ stderr }: Ran): string[] {
  return linesOf(stderr)
    .filter((line) => line.startsWith('neuronpedia: error: '))
    .map((line) => line.slice('neuronpedia: error: '.length));
}

export function hintsOf({ stderr }: Ran): string[] {
  return linesOf(stderr).filter((line) => line.startsWith('neuronpedia: hint: '));
}

/** Checks how a command without `--json` fails: one error for people, no result, no stack trace. */
export function expectFailure(ran: Ran, code: number): void {
  expect({ code: ran.code, stderr: ran.stderr }).toMatchObject({ code });
  expect(ran.stdout).toBe('');
  expect(errorsOf(ran)).toHaveLength(1);
  expect(ran.stderr).not.toMatch(/^ {4}at /m);
}

/** Checks how a command with `--json` fails: the same on stderr, and one document that says the same on stdout. */
export function expectJsonFailure(ran: Ran, code: number): void {
  const [document, ...more] = documentsOf(ran);
  expect(more).toEqual([]);
  const fields = { code: expect.any(String), message: expect.any(String), hint: expect.any(String) };
  expect(document).toMatchObject({ v: 1, type: 'error', exitCode: code, ...fields });
  expectFailure({ ...ran, stdout: '' }, code);
  expect(errorsOf(ran)).toEqual([document.message]);
}
