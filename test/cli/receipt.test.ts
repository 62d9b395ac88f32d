import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { writeReceipt } from '../../src/cli/receipt.ts';
import { tempFolder } from '../fixtures.ts';
import { openCommands } from './commands-here.ts';
import { npyFile, tinySae } from './fixtures.ts';
import { testHere as test } from './home.ts';
import { writePageFiles } from './page-folder.ts';
import { documentsOf, linesOf, runLimited } from './run-cli.ts';
import { storedFeatures } from './sandbox-process.ts';

describe.concurrent('receipts and dry runs', () => {
  test('the receipt of a paused upload says for each row whether it is on the server', async ({ home }) => {
    const file = home.file(
      'many.npy',
      npyFile([1100, 64], (position) => Math.sin(position)),
    );
    const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--sae-id', 'many', '--receipt', `${home.folder}/r.jsonl`];
    const env = { NEURONPEDIA_SANDBOX_TIER: 'free' };
    await home.run(['upload-sae', file, ...place, '--sandbox'], { env });
    const [, ...rows] = linesOf(readFileSync(`${home.folder}/r.jsonl`, 'utf8')).map((line) => JSON.parse(line));
    expect(rows.filter(({ status }) => status === 'stored')).toHaveLength(1000);
    expect(rows.filter(({ status }) => status === 'pending')).toHaveLength(100);
  });

  // A limit on the size of files acts like a full disk, and needs no special privileges.
  test.runIf(process.platform === 'linux')(
    'a receipt that does not fit on the disk is reported last, and the earlier one is kept',
    async ({ home, server }) => {
      const receipt = `${home.folder}/full/r.jsonl`;
      mkdirSync(`${home.folder}/full`);
      writeFileSync(receipt, '{"type":"receipt","v":1}\n');
      const words = [
        'upload-sae',
        tinySae,
        '--sae-id',
        'full',
        '--receipt',
        receipt,
        '--api-url',
        server.url,
        '--json',
      ];
      const ran = await runLimited('-f 40', words, { ...home.env, NEURONPEDIA_API_KEY: 'sandbox-bulk' });
      expect(ran.code).toBe(5);
      const [summary, error] = documentsOf(ran).slice(-2);
      expect(summary).toMatchObject({ type: 'summary', status: 'done', jobs: [{ confirmed: 512 }] });
      expect(error).toMatchObject({ type: 'error', code: 'output_lost', exitCode: 5 });
      expect(error.message).toContain('r.jsonl: the receipt cannot be written (');
      // The earlier receipt is still there, and nothing beside it.
      expect(readFileSync(receipt, 'utf8')).toBe('{"type":"receipt","v":1}\n');
      expect(readdirSync(`${home.folder}/full`)).toEqual(['r.jsonl']);
      expect(await home.runAt(server.url, words.slice(0, 6))).toMatchObject({ code: 0 });
      expect(linesOf(readFileSync(receipt, 'utf8'))).toHaveLength(513);
    },
  );

  test('receipts of a sweep can be named by {layer}, and no two may have the same name', async ({ home, server }) => {
    writePageFiles(home.folder);
    const command = ['upload-sae', join(home.folder, 'every-layer'), '--sae-id', 'named', '--features', '0-1'];
    const receipt = (name: string) => [...command, '--receipt', join(home.folder, name)];
    expect(await home.runAt(server.url, receipt('r-{layer}.jsonl'))).toMatchObject({ code: 0 });
    for (const layer of [0, 1, 2]) {
      const [head = ''] = linesOf(readFileSync(join(home.folder, `r-${layer}.jsonl`), 'utf8'));
      expect(JSON.parse(head)).toMatchObject({ source: `tiny-kjv-4l/${layer}-named` });
    }
    const one = await home.runAt(server.url, receipt('r-{head}.jsonl'));
    expect(one).toMatchObject({ code: 2, stderr: expect.stringContaining('would be the receipt of several SAEs') });
  });

  test('receipts of a sweep are named after their sources, and never replace other files', async ({ home, server }) => {
    mkdirSync(`${home.folder}/sweep`);
    for (const layer of ['layer_0', 'layer_1']) cpSync(tinySae, `${home.folder}/sweep/${layer}`, { recursive: true });
    const receipts = [0, 1].map((layer) => {
      const config = `${home.folder}/sweep/layer_${layer}/cfg.json`;
      writeFileSync(config, readFileSync(config, 'utf8').replace('blocks.1.', `blocks.${layer}.`));
      return `${home.folder}/r-tiny-kjv-4l-${layer}-swept.jsonl`;
    });
    const command = ['upload-sae', `${home.folder}/sweep`, '--sae-id', 'swept', '--features', '0-4'];
    const receipt = ['--receipt', home.file('r.jsonl', 'no receipt, and not written to')];
    const notes = home.file('r-tiny-kjv-4l-1-swept.jsonl', 'my notes');
    const refused = await home.runAt(server.url, [...command, ...receipt]);
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('swept.jsonl: the receipt cannot be') });
    expect(readFileSync(notes, 'utf8')).toBe('my notes');
    expect(storedFeatures(server.data, '0-swept')).toEqual([]);
    rmSync(notes);
    const sent = await home.runAt(server.url, [...command, ...receipt, '--json']);
    expect(sent).toMatchObject({ code: 0 });
    const jobs = receipts.map((file, layer) => ({ receipt: file, url: `${server.url}/tiny-kjv-4l/${layer}-swept` }));
    expect(documentsOf(sent).at(-1)).toMatchObject({ type: 'summary', jobs });
    for (const file of receipts) expect(linesOf(readFileSync(file, 'utf8'))).toHaveLength(6);
    expect(readFileSync(`${home.folder}/r.jsonl`, 'utf8')).toBe('no receipt, and not written to');
  });

  for (const [what, status, code, isLost] of [
    ['is refused', 400, 10, false],
    ['gets no answer and cannot be looked up', 500, 9, true],
  ] as const) {
    test(`the receipt of an upload that ${what} lists what was stored before`, async () => {
      const as = isLost ? ['--as', 'vectors', '--settle-timeout', '0'] : ['--batch-size', '2', '--concurrency', '1'];
      const body = '{"error":"no"}';
      const refused = { kind: 'answer', commit: false, status, body, headers: { 'retry-after': '0' } } as const;
      const { run, folder } = await openCommands(({ path }, nth) => {
        if (path === '/api/vector/new' && nth === 2) return { kind: 'reset-before' };
        if (path === '/api/vector/list-owned' && nth > 0) return refused;
        return path === '/api/feature/upload-batch' && nth > 1 ? refused : undefined;
      }, isLost);
      const receipt = join(folder, 'r.jsonl');
      const command = ['upload-sae', tinySae, '--sae-id', 'x', '--features', '0-5', '--receipt', receipt];
      expect(await run([...command, ...as])).toMatchObject({ code });
      const [, ...rows] = linesOf(readFileSync(receipt, 'utf8')).map((line) => JSON.parse(line));
      const stored = isLost ? 2 : 4;
      const open = isLost ? ['unknown: sent, and no answer came', 'pending'] : ['pending'];
      expect(rows.map((row) => row.status)).toEqual([
        ...Array(stored).fill('stored'),
        ...Array.from({ length: 6 - stored }, (_, i) => open[Math.min(i, open.length - 1)]),
      ]);
    });
  }

  test('a receipt named by a symbolic link is written to its target, even if that does not exist yet', async ({
    home,
    server,
  }) => {
    const [link, target] = [join(home.folder, 'link.jsonl'), join(home.folder, 'there', 'r.jsonl')];
    mkdirSync(join(home.folder, 'there'));
    symlinkSync('there/r.jsonl', link);
    const args = ['upload-sae', tinySae, '--sae-id', 'linked', '--features', '0-3', '--receipt', link];
    for (const _time of [1, 2]) {
      expect(await home.runAt(server.url, args)).toMatchObject({ code: 0 });
      expect(readlinkSync(link)).toBe('there/r.jsonl');
      expect(linesOf(readFileSync(target, 'utf8'))).toHaveLength(5);
    }
    // The links of a path lead on from the folder that they are really in.
    mkdirSync(join(home.folder, 'b', 'c'), { recursive: true });
    symlinkSync('b/c', join(home.folder, 'short'));
    symlinkSync('../x.jsonl', join(home.folder, 'b', 'c', 'r.jsonl'));
    const notes = home.file('x.jsonl', 'my notes');
    expect(await home.runAt(server.url, [...args.slice(0, -1), join(home.folder, 'short', 'r.jsonl')])).toMatchObject({
      code: 0,
    });
    expect(readFileSync(notes, 'utf8')).toBe('my notes');
    expect(linesOf(readFileSync(join(home.folder, 'b', 'x.jsonl'), 'utf8'))).toHaveLength(5);
    writeFileSync(join(home.folder, 'b', 'x.jsonl'), 'notes');
    for (const other of ['short/r.jsonl', 'itself.jsonl']) {
      if (other === 'itself.jsonl') symlinkSync(other, join(home.folder, other));
      const refused = await home.runAt(server.url, [...args.slice(0, -1), join(home.folder, other)]);
      expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('nothing was sent') });
    }
    rmSync(join(home.folder, 'there'), { recursive: true });
    const nowhere = await home.runAt(server.url, args);
    expect(nowhere).toMatchObject({ code: 6, stderr: expect.stringContaining('nothing was sent') });
  });

  test('an upload that is refused before it sends anything leaves the earlier receipt as it was', async ({
    home,
    server,
  }) => {
    const [receipt, weights] = [join(home.folder, 'r.jsonl'), join(home.folder, 'w.npy')];
    const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--sae-id', 'refused', '--receipt', receipt];
    const upload = () => home.runAt(server.url, ['upload-sae', weights, ...place]);
    home.file('w.npy', npyFile([6, 64], Math.sin));
    expect(await upload()).toMatchObject({ code: 0 });
    const before = readFileSync(receipt, 'utf8');
    home.file('w.npy', npyFile([6, 64], Math.cos));
    expect(await upload()).toMatchObject({ code: 12 });
    expect(readFileSync(receipt, 'utf8')).toBe(before);
    home.file('w.npy', npyFile([6, 64], Math.sin));
    await home.runAt(server.url, ['delete', 'tiny-kjv-4l/1-refused/2', '--yes'], {
      env: { NEURONPEDIA_STATE_DIR: join(home.folder, 'elsewhere') },
    });
    expect(await upload()).toMatchObject({ code: 7 });
    expect(readFileSync(receipt, 'utf8')).toBe(before);
  });

  test('receipts written to one path at once do not mix, even with the same process id', async () => {
    const folder = await tempFolder();
    const path = join(folder, 'r.jsonl');
    let begun = 0;
    const rows = async function* () {
      begun++;
      // Each is half written when the other begins.
      while (begun < 2) await new Promise((next) => setImmediate(next));
      yield { row: 0 };
    };
    await Promise.all(['a', 'b'].map((job) => writeReceipt(path, { job }, rows())));
    expect(linesOf(readFileSync(path, 'utf8'))).toHaveLength(2);
    expect(readdirSync(folder)).toEqual(['r.jsonl']);
    // It may name private uploads.
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('a dry run says what is already there and what would be sent, and sends nothing', async ({ home, server }) => {
    const command = ['upload-sae', tinySae, '--sae-id', 'part'];
    await home.runAt(server.url, [...command, '--features', '0-99']);
    const ran = await home.runAt(server.url, [...command, '--dry-run', '--json']);
    const summary = JSON.parse(linesOf(ran.stdout).at(-1) as string);
    expect(summary).toMatchObject({
      type: 'summary',
      status: 'dry-run',
      jobs: [{ rows: 512, there: 100, toSend: 412 }],
    });
    expect(storedFeatures(server.data, '1-part')).toHaveLength(100);
  });
});
