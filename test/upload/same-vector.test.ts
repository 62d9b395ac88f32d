import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Fault, type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { type Bench, openBench, openPublicBench, type Run } from './job-bench.ts';

const making = '/api/vector/new';
const listing = '/api/vector/list-owned';
const file = join(import.meta.dirname, '../../fixtures/vectors/woman-minus-man-64-f32.npy');
const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--name', 'woman minus man', '--settle-timeout', '0'];

function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe.each([false, true])('two jobs of the same vector (public: %s)', (isPublic) => {
  let bench: Bench;
  let proxy: FaultProxy;
  /** What happens to the next request to make a vector, and to the one that lists them after that. */
  let onMaking: (() => Promise<Fault | undefined>) | undefined;
  let onListing: (() => Promise<undefined>) | undefined;
  let made: () => void;

  beforeEach(async () => {
    bench = isPublic ? await openPublicBench() : await openBench(1);
    onMaking = undefined;
    onListing = undefined;
    made = () => undefined;
    proxy = await startFaultProxy(
      bench.sandbox.url,
      ({ path }) => {
        const plan = path === making ? onMaking : path === listing ? onListing : undefined;
        if (path === making) onMaking = undefined;
        return plan?.();
      },
      ({ path }) => path === making && made(),
    );
  });
  afterEach(async () => {
    await proxy.close();
    await bench.close();
  });

  const run = (command: string, ...more: string[]) =>
    bench.run(command, file, ...place, '--api-url', proxy.url, ...more);
  const first = () => run('upload-vector', '--description', 'one');
  // What the public server stores of them is the same, too.
  const second = () =>
    isPublic ? run('upload-probe', '--concept', 'gender') : run('upload-vector', '--description', 'two');
  const stored = () => bench.query("SELECT idx FROM features WHERE label = 'woman minus man'");

  /** Starts the first job, kills it while its request is on the way, and does the rest to that request. */
  async function killed(then: () => Promise<Fault | undefined>): Promise<void> {
    let victim: Run | undefined;
    onMaking = async () => {
      victim?.process.kill('SIGKILL');
      await victim?.ended;
      return then();
    };
    victim = first();
    await victim.ended;
  }

  it('make one copy if the second sends it while the first has a request without an answer', async () => {
    await killed(async () => ({ kind: 'reset-before' }));
    expect(stored()).toEqual([]);
    const { code, stdout } = await second().ended;
    expect(code).toBe(0);
    expect(stored()).toHaveLength(1);
    expect(await first().ended).toMatchObject({ code: 0, stdout });
    expect(stored()).toHaveLength(1);
  });

  it('make one copy if the request of the first arrives after the second has looked for it', async () => {
    const [mayArrive, arrived] = [gate(), gate()];
    await killed(async () => {
      await mayArrive.opened;
      return undefined;
    });
    made = arrived.open;
    let looks = 0;
    onListing = async () => {
      if (++looks < 2) return undefined;
      mayArrive.open();
      await arrived.opened;
      return undefined;
    };
    const { code, stderr } = await second().ended;
    expect([code, stderr]).toEqual([0, expect.stringContaining('requests of an earlier run got no answer')]);
    expect(looks).toBe(2);
    expect(stored()).toHaveLength(1);
  });

  it('do not run at the same time', async () => {
    const [reached, mayGo] = [gate(), gate()];
    onMaking = async () => {
      reached.open();
      await mayGo.opened;
      return undefined;
    };
    const running = first();
    await reached.opened;
    const { code, stderr } = await second().ended;
    expect([code, stderr]).toEqual([11, expect.stringContaining('another run holds this vector: pid')]);
    mayGo.open();
    expect((await running.ended).code).toBe(0);
    expect((await second().ended).code).toBe(0);
    expect(stored()).toHaveLength(1);
  });
});
