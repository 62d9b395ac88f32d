import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startClock } from './clock.ts';
import { type Fault, type FaultProxy, type Seen, startFaultProxy } from './fault-proxy.ts';
import { allThere, type Bench, compareWithStore, openBench, openPublicBench } from './job-bench.ts';

const upload = '/api/feature/upload-batch';
const quick = ['--settle-timeout', '0', '--json'];
const failing = JSON.stringify({ error: 'Something went wrong on our end.' });
const fault: Fault = { kind: 'answer', commit: false, status: 500, body: failing };
let bench: Bench;
let proxy: FaultProxy;

afterEach(async () => {
  await proxy?.close();
  await bench.close();
});

const lastDocument = (stdout: string) => JSON.parse(stdout.trim().split('\n').at(-1) as string);
const has = ({ path, body }: Seen, row: number) => path === upload && body.includes(`{"index":${row},`);
/** Returns how many rows each request had that had this one. */
const sizesWith = (row: number) => proxy.seen.filter((seen) => has(seen, row)).map(({ body }) => countIn(body));
const countIn = (body: string) => body.split('{"index":').length - 1;
const indices = () => bench.query('SELECT idx FROM features ORDER BY idx').map(({ idx }) => idx);
const allBut = (rows: number, ...left: number[]) =>
  Array.from({ length: rows }, (_, row) => row).filter((row) => !left.includes(row));

describe('a row that the server keeps failing', () => {
  it('is found by halving, left out and listed, all other rows are stored once, and the next run tries it again', async () => {
    bench = await openPublicBench({ here: true });
    let poisoned = true;
    proxy = await startFaultProxy(bench.sandbox.url, (seen) =>
      poisoned && (has(seen, 37) || has(seen, 511)) ? fault : undefined,
    );
    const receipt = join(bench.folder, 'receipt.jsonl');
    const first = await bench.uploadSae(proxy.url, '--batch-size', '32', '--receipt', receipt, ...quick).ended;
    expect(first.code).toBe(3);
    const sizes = sizesWith(37);
    const isHalf = (size: number, of = 0) => [of, Math.floor(of / 2), Math.ceil(of / 2)].includes(size);
    expect(sizes[0]).toBeGreaterThan(4);
    expect(sizes.at(-1)).toBe(1);
    // The same size again is another try.
    expect(sizes.slice(1).filter((size, i) => !isHalf(size, sizes[i]))).toEqual([]);
    const quarantinedRows = [{ row: 37 }, { row: 511 }];
    const left = { status: 'quarantined', confirmed: 510, rows: 512, quarantined: 2, quarantinedRows };
    expect(lastDocument(first.stdout)).toMatchObject({ status: 'quarantined', jobs: [left] });
    expect(indices()).toEqual(allBut(512, 37, 511));
    expect(bench.query('SELECT count(*) AS n FROM activations')).toEqual([{ n: 3 * 510 }]);
    const lines = (await readFile(receipt, 'utf8')).trim().split('\n').slice(1);
    const statuses = lines.map((line) => JSON.parse(line)).filter(({ status }) => status !== 'stored');
    expect(statuses.map(({ row }) => row)).toEqual([37, 511]);
    expect(statuses[0].status).toContain('Something went wrong');

    const again = await bench.uploadSae(proxy.url, ...quick).ended;
    expect(again.code).toBe(3);
    const { job } = lastDocument(again.stdout).jobs[0];
    const status = await bench.run('status', job, '--api-url', proxy.url).ended;
    expect(status.stdout).toContain('left out: row 37: Something went wrong on our end.');

    poisoned = false;
    expect((await bench.uploadSae(proxy.url, ...quick).ended).code).toBe(0);
    expect(indices()).toEqual(allBut(512));
    expect(bench.query('SELECT count(*) AS n FROM activations')).toEqual([{ n: 3 * 512 }]);
  });

  it('is left out on a server that knows keys, too', async () => {
    bench = await openBench(300, { here: true });
    proxy = await startFaultProxy(bench.sandbox.url, (seen) => (has(seen, 200) ? fault : undefined));
    const { code } = await bench.upload(proxy.url, ...quick).ended;
    expect(code).toBe(3);
    expect(compareWithStore(bench)).toEqual({ ...allThere, missing: [200] });
  });
});

it('a server that fails everything halfway has no row left out: exit 5, and the next run finishes', async () => {
  const clock = startClock('2026-11-22T12:00:00Z');
  bench = await openPublicBench({ env: clock.env, now: clock.now });
  let down = false;
  proxy = await startFaultProxy(bench.sandbox.url, ({ path }, nth) => {
    if (path === upload && nth === 5) down = true;
    return down && path === upload ? fault : undefined;
  });
  const first = await bench.uploadSae(proxy.url, '--batch-size', '32', ...quick).ended;
  expect(first.code).toBe(5);
  expect(first.stdout).not.toContain('"type":"quarantined"');
  expect(indices()).toEqual(allBut(512).slice(0, 160));
  const second = await bench.uploadSae(bench.sandbox.url, '--batch-size', '32', ...quick).ended;
  expect(second.code).toBe(0);
  expect(indices()).toEqual(allBut(512));
  clock.close();
});

describe('a row that fails the check', () => {
  const bad = (row: number, column: number) => ((row === 5 && column === 3) || row === 250 ? Number.NaN : row + column);

  it('stops the upload, or is left out and listed with --skip-bad-rows', async () => {
    bench = await openBench(300, { valueAt: bad, here: true });
    const refused = await bench.upload(bench.sandbox.url).ended;
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain('--skip-bad-rows');
    expect(indices()).toEqual([]);
    for (const _run of [1, 2]) {
      const { code, stdout, stderr } = await bench.upload(bench.sandbox.url, '--skip-bad-rows', '--json').ended;
      expect(code).toBe(3);
      expect(stderr).toContain('2 rows are left out:\n  row 5: value 3 is NaN\n  row 250: value 0 is NaN\n');
      expect(lastDocument(stdout)).toMatchObject({ jobs: [{ rows: 298, confirmed: 298, quarantined: 2 }] });
      expect(indices()).toEqual(allBut(300, 5, 250));
    }
  });

  it('is refused even with --skip-bad-rows if no other row is left', async () => {
    bench = await openBench(10, { here: true, valueAt: () => Number.POSITIVE_INFINITY });
    expect((await bench.upload(bench.sandbox.url, '--skip-bad-rows').ended).code).toBe(6);
    expect(indices()).toEqual([]);
  });

  it('because of its activations is left out with --skip-bad-rows, and repaired with --fix-tokens', async () => {
    bench = await openBench(4, { here: true });
    const file = join(bench.folder, 'tokens.jsonl');
    const line = (index: number, ...tokens: string[]) => JSON.stringify({ index, tokens, values: tokens.map(() => 1) });
    await writeFile(file, [line(0, 'a'), line(1, '', 'b'), line(2, 'c\0d'), line(3, 'e')].join('\n'));
    const options = ['--activations', file];
    const refused = await bench.upload(bench.sandbox.url, ...options).ended;
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain('--fix-tokens');
    const skipped = await bench.upload(bench.sandbox.url, ...options, '--skip-bad-rows').ended;
    expect(skipped.code).toBe(3);
    expect(skipped.stderr).toContain('line 2, feature 1: activation 0: token 0: is empty');
    expect(indices()).toEqual([0, 3]);
    await rm(join(bench.folder, 'state'), { recursive: true });
    const fixed = await bench.upload(bench.sandbox.url, ...options, '--fix-tokens').ended;
    expect(fixed.code).toBe(0);
    expect(fixed.stderr).toContain('2 empty or NUL tokens are replaced by U+FFFD');
    expect(indices()).toEqual([0, 1, 2, 3]);
    const tokens = bench.query('SELECT tokens FROM activations ORDER BY feature_id');
    expect(tokens.map((row) => JSON.parse(row.tokens as string))).toEqual([
      ['a'],
      ['e'],
      ['\ufffd', 'b'],
      ['c\ufffdd'],
    ]);
  });
});
