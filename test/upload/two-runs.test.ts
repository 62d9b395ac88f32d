import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type KillProxy, startKillProxy, uploads } from '../soak/kill-proxy.ts';
import { type Material, makeMaterial } from '../soak/material.ts';
import { whatIsWrong } from '../soak/oracle.ts';
import { rowsOf, startUpload, uploadArgs } from '../soak/upload-process.ts';

let folder: string;
let material: Material;
let sandbox: Sandbox | undefined;
let proxy: KillProxy;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'np-two-'));
  material = makeMaterial(join(folder, 'material'), rowsOf.features);
});
afterEach(async () => {
  await proxy.close();
  await sandbox?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(isPublic: boolean): Promise<void> {
  sandbox = await startSandbox({ dataDir: join(folder, 'data'), public: isPublic });
  proxy = await startKillProxy(sandbox.url);
}

const home = () => join(folder, 'home');
const upload = (as: 'features' | 'vectors', concurrency: number, ...more: string[]) =>
  startUpload([...uploadArgs({ as }, 'two', material, concurrency), '--api-url', proxy.url, ...more], home());

function wrong(as: 'features' | 'vectors', keepsVectors: boolean): string[] {
  return whatIsWrong(join(folder, 'data'), { as, saeId: 'two', rows: rowsOf[as], keepsVectors, material });
}

function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe('two runs on one job', () => {
  it.each([
    ['public', true],
    ['upload-protocol', false],
  ])(
    'if the second breaks the lock of a suspended first, the first sends nothing more (%s server)',
    async (_, isPublic) => {
      await serve(isPublic);
      const [reached, mayGo] = [gate(), gate()];
      let [rows, sentByFirst] = [0, 0];
      let isSecond = false;
      const seen = proxy.begin({
        async onCommitted({ path }) {
          if (!uploads.includes(path)) return;
          if (!isSecond) sentByFirst++;
          if (rows++ !== 3) return;
          reached.open();
          await mayGo.opened;
        },
      });
      const first = upload('features', 1);
      await reached.opened;
      first.process.kill('SIGSTOP');
      isSecond = true;
      const kept = await upload('features', 1).ended;
      expect(kept.code).toBe(11);
      expect(kept.stderr).toContain(`pid ${first.process.pid}`);
      const second = await upload('features', 1, '--force-unlock').ended;
      expect(second.code).toBe(0);
      const before = seen.filter(({ path }) => uploads.includes(path)).length;
      mayGo.open();
      first.process.kill('SIGCONT');
      const stopped = await first.ended;
      expect(stopped.stderr).toContain('no longer holds its job');
      expect(stopped.code).toBe(11);
      expect(seen.filter(({ path }) => uploads.includes(path))).toHaveLength(before);
      expect(sentByFirst).toBe(4);
      expect((await upload('features', 1).ended).code).toBe(0);
      expect(wrong('features', !isPublic)).toEqual([]);
    },
  );

  it('or three, if started at once, leave the upload to one; the others end meanwhile and say why', async () => {
    await serve(true);
    const others = gate();
    let rows = 0;
    proxy.begin({
      async onCommitted({ path }) {
        if (uploads.includes(path) && rows++ === 0) await others.opened;
      },
    });
    let count = 0;
    const ended = await Promise.all(
      [1, 2, 3].map(async () => {
        const end = await upload('vectors', 1).ended;
        if (++count === 2) others.open();
        return end;
      }),
    );
    const [first, ...rest] = ended.sort((a, b) => Number(a.code) - Number(b.code));
    expect(first?.code).toBe(0);
    for (const { code, stderr } of rest) expect([code, stderr]).toEqual([11, expect.stringContaining('another run')]);
    expect(wrong('vectors', false)).toEqual([]);
  });
});

describe('a run without the journal of the previous one', () => {
  it('waits for vectors of that run that are still on their way, as it cannot know their keys', async () => {
    await serve(false);
    let rows = 0;
    const onTheirWay: (() => Promise<void>)[] = [];
    let first: ReturnType<typeof upload> | undefined;
    proxy.begin({
      onArrival({ path }, forward) {
        if (!uploads.includes(path) || rows++ < 6) return;
        onTheirWay.push(forward);
        first?.process.kill('SIGKILL');
        throw new Error('the connection breaks');
      },
    });
    first = upload('vectors', 4);
    expect((await first.ended).signal).toBe('SIGKILL');
    await proxy.quiet();
    expect(onTheirWay.length).toBeGreaterThan(0);
    rmSync(join(home(), 'state'), { recursive: true });
    let isFirstLook = true;
    proxy.begin({
      async onCommitted({ path }) {
        if (path !== '/api/vector/list-owned' || !isFirstLook) return;
        isFirstLook = false;
        // The answer to the second run was made before they arrived, and is on its way.
        for (const forward of onTheirWay) await forward();
      },
    });
    const second = await upload('vectors', 4).ended;
    expect(second.stderr).toContain('perhaps from a run that has just ended');
    expect(second.code).toBe(0);
    expect(isFirstLook).toBe(false);
    expect(wrong('vectors', true)).toEqual([]);
  });
});
