import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { fixture, rowsOf, tinySae } from './fixtures.ts';
import { testHere as test } from './home.ts';
import { documentsOf, type Json } from './run-cli.ts';
import { everythingIn, storedFeatures } from './sandbox-process.ts';
import { serveThrough, uploadedIndices } from './web-server.ts';

const modelId = 'tiny-kjv-4l';

describe.concurrent('running upload-sae again', () => {
  test('without the local state looks for rows on the server first, and sends nothing twice', async ({ home }) => {
    const server = await home.sandbox();
    const command = ['upload-sae', tinySae, '--sae-id', 'wiped', '--json'];
    expect(await home.runAt(server.url, [...command, '--features', '0-99'])).toMatchObject({ code: 0 });
    rmSync(home.state, { recursive: true });
    const proxy = home.own(await serveThrough(server.url));
    const second = await home.runAt(proxy.url, command);
    expect(documentsOf(second).at(-1)).toMatchObject({ jobs: [{ confirmed: 512, found: 100, sent: 412 }] });
    const paths = proxy.seen.map(({ path }) => path);
    expect(paths.indexOf('/api/features')).toBeGreaterThan(-1);
    expect(paths.indexOf('/api/features')).toBeLessThan(paths.indexOf('/api/feature/upload-batch'));
    expect(uploadedIndices(proxy.seen)).toEqual(Array.from({ length: 412 }, (_, i) => 100 + i));
    const before = everythingIn(server.data);
    rmSync(home.state, { recursive: true });
    const third = await home.runAt(server.url, command);
    expect(documentsOf(third).at(-1)).toMatchObject({
      status: 'done',
      jobs: [{ confirmed: 512, found: 512, sent: 0 }],
    });
    expect(third.code).toBe(0);
    expect(everythingIn(server.data)).toEqual(before);
  });

  test('with --restart finds all rows and sends none', async ({ home, server }) => {
    const command = ['upload-sae', tinySae, '--sae-id', 'restart'];
    expect(await home.runAt(server.url, command)).toMatchObject({ code: 0 });
    const proxy = home.own(await serveThrough(server.url));
    const again = await home.runAt(proxy.url, [...command, '--restart', '--json']);
    expect(again.code).toBe(0);
    expect(documentsOf(again).at(-1)).toMatchObject({ jobs: [{ confirmed: 512, found: 512, sent: 0 }] });
    expect(uploadedIndices(proxy.seen)).toEqual([]);
    expect(storedFeatures(server.data, '1-restart')).toHaveLength(512);
  });

  test('notices rows deleted on the server, and with --restart sends only those', async ({ home, server }) => {
    const command = ['upload-sae', tinySae, '--sae-id', 'deleted'];
    expect(await home.runAt(server.url, command)).toMatchObject({ code: 0 });
    const gone = Array.from({ length: 128 }, (_, i) => i * 4);
    const remove = (index: number) => server.post('/api/vector/delete', { modelId, source: '1-deleted', index });
    await Promise.all(gone.map(remove));
    expect(storedFeatures(server.data, '1-deleted')).toHaveLength(384);
    const second = await home.runAt(server.url, command);
    expect(second).toMatchObject({ code: 7, stdout: '' });
    expect(second.stderr).toMatch(/neuronpedia: hint: .*--restart/);
    expect(storedFeatures(server.data, '1-deleted')).toHaveLength(384);
    const proxy = home.own(await serveThrough(server.url));
    expect(await home.runAt(proxy.url, [...command, '--restart'])).toMatchObject({ code: 0 });
    expect(uploadedIndices(proxy.seen)).toEqual(gone);
    const stored = storedFeatures(server.data, '1-deleted').map(({ vector }) => vector);
    expect(stored).toEqual(await rowsOf(fixture('sae-tiny/sae_weights.safetensors'), 'W_dec'));
  });

  test('with --restart and other weights is refused, and the stored rows can still be deleted', async ({
    home,
    server,
  }) => {
    const folder = join(home.folder, 'sae');
    cpSync(tinySae, folder, { recursive: true });
    const command = ['upload-sae', folder, '--sae-id', 'replaced'];
    expect(await home.runAt(server.url, command)).toMatchObject({ code: 0 });
    const weights = join(folder, 'sae_weights.safetensors');
    const before = readFileSync(weights);
    const changed = Buffer.from(before);
    const headerBytes = Number(before.readBigUInt64LE(0));
    const [from] = JSON.parse(before.toString('utf8', 8, 8 + headerBytes)).W_dec.data_offsets;
    changed.writeFloatLE(0.125, 8 + headerBytes + from);
    writeFileSync(weights, changed);
    expect(await home.runAt(server.url, command)).toMatchObject({ code: 12 });
    const refused = await home.runAt(server.url, [...command, '--restart']);
    expect(refused.code).toBe(10);
    const [, words = '', id] = /neuronpedia (delete --job ([0-9a-f]{16}) .*)/.exec(refused.stderr) ?? [];
    const status = async () => documentsOf(await home.runAt(server.url, ['status', '--json']))[0].jobs;
    expect(await status()).toMatchObject([{ id, state: 'done', confirmed: 512, planned: 512 }]);

    writeFileSync(weights, before);
    const asBefore = await home.runAt(server.url, [...command, '--json']);
    expect(documentsOf(asBefore).at(-1)).toMatchObject({ status: 'done', jobs: [{ confirmed: 512, sent: 0 }] });

    writeFileSync(weights, changed);
    const env = { NEURONPEDIA_API_KEY: 'sandbox-bulk' };
    expect(await home.run([...words.split(' '), '--yes'], { env })).toMatchObject({ code: 0 });
    const after = await home.runAt(server.url, [...command, '--json']);
    expect(documentsOf(after).at(-1)).toMatchObject({ status: 'done', jobs: [{ confirmed: 512, sent: 512 }] });
    expect(readdirSync(join(home.state, 'jobs')).sort()).toEqual([`${id}.journal`]);
  });

  test('after a --restart that was killed during its lookup restores the earlier journal', async ({ home, server }) => {
    const command = ['upload-sae', tinySae, '--sae-id', 'killed', '--json'];
    expect(await home.runAt(server.url, command)).toMatchObject({ code: 0 });
    const [name] = readdirSync(join(home.state, 'jobs')) as [string];
    const journal = join(home.state, 'jobs', name);
    const text = readFileSync(journal, 'utf8');
    renameSync(journal, `${journal}.before`);
    writeFileSync(journal, `${text.split('\n')[0]}\n`);
    const proxy = home.own(await serveThrough(server.url));
    const again = await home.runAt(proxy.url, command);
    expect(documentsOf(again).at(-1)).toMatchObject({ status: 'done', jobs: [{ confirmed: 512, found: 0, sent: 0 }] });
    expect(uploadedIndices(proxy.seen)).toEqual([]);
    expect(readFileSync(journal, 'utf8')).toContain(text.trimEnd());
    expect(readdirSync(join(home.state, 'jobs'))).toEqual([name]);
  });

  test('leaves no job behind if the first run of a job is refused', async ({ home, server }) => {
    const command = ['upload-sae', tinySae, '--sae-id', 'first', '--features', '0-9'];
    expect(await home.runAt(server.url, command)).toMatchObject({ code: 0 });
    rmSync(home.state, { recursive: true });
    const other = [
      'upload-sae',
      fixture('sae-tiny/sae_weights.safetensors'),
      '--tensor',
      'W_enc',
      '--orientation',
      'columns',
    ];
    const place = [
      '--model',
      modelId,
      '--layer',
      '1',
      '--hook',
      'resid-post',
      '--sae-id',
      'first',
      '--features',
      '0-9',
    ];
    expect(await home.runAt(server.url, [...other, ...place])).toMatchObject({ code: 10 });
    expect(documentsOf(await home.runAt(server.url, ['status', '--json']))[0].jobs).toEqual([]);
  });

  test('continues the same job at another address of the same server', async ({ home, server }) => {
    const command = ['upload-sae', tinySae, '--sae-id', 'moved', '--features', '0-9'];
    expect(await home.runAt(server.url, command)).toMatchObject({ code: 0 });
    const moved = home.own(await serveThrough(server.url));
    expect(await home.runAt(moved.url, command)).toMatchObject({ code: 0 });
    const status = documentsOf(await home.runAt(server.url, ['status', '--json']))[0];
    expect(status.jobs.map(({ source }: Json) => source)).toEqual(['1-moved']);
  });

  test('as another account is refused, and leaves the stored rows alone', async ({ home, server }) => {
    const command = ['upload-sae', tinySae, '--sae-id', 'owned', '--features', '0-9'];
    expect(await home.runAt(server.url, command)).toMatchObject({ code: 0 });
    const other = { env: { NEURONPEDIA_API_KEY: 'sandbox-research' } };
    const ran = await home.runAt(server.url, [...command, '--features', '0-19'], other);
    expect(ran).toMatchObject({ code: 6, stdout: '' });
    expect(ran.stderr).toMatch(/hint: .*--sae-id/);
    expect(storedFeatures(server.data, '1-owned')).toHaveLength(10);
  });
});
