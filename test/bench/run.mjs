// `npm run bench [-- names…] [--repeats N] [--large] [--figure FILE]`: bundles the benches with what they
// measure, and runs them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;
// Below the root of the project, so that packages are found from there; node_modules is git-ignored.
const outdir = mkdtempSync(join(here, '../../node_modules/.bench-'));
try {
  await build({
    entryPoints: ['bench.ts', 'sink.ts', 'naive.ts', 'resend.ts'].map((name) => join(here, name)),
    outdir,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  });
  const { status } = spawnSync(process.execPath, [join(outdir, 'bench.mjs'), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, BENCH_FOLDER: here, BENCH_PARTS: outdir },
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
