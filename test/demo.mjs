// Shows the main job on a trained SAE with the real tool: an upload to the embedded sandbox, the status, and a feature
// read back. All state is kept in a temporary folder, which is removed at the end.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const home = mkdtempSync(join(tmpdir(), 'neuronpedia-demo-'));
const env = {
  ...process.env,
  NEURONPEDIA_CONFIG_DIR: join(home, 'config'),
  NEURONPEDIA_STATE_DIR: join(home, 'state'),
};
const tool = join(import.meta.dirname, '../bin/neuronpedia.js');

const steps = [
  ['upload-sae', 'fixtures/sae-tiny', '--sae-id', 'demo', '--batch-size', '16', '--sandbox'],
  ['status', '--sandbox'],
  ['status', 'tiny-kjv-4l/1-demo/252', '--sandbox'],
];

try {
  for (const step of steps) {
    console.log(`\n$ neuronpedia ${step.join(' ')}`);
    const cwd = join(import.meta.dirname, '..');
    const { status } = spawnSync(process.execPath, [tool, ...step], { cwd, env, stdio: 'inherit' });
    if (status !== 0) process.exitCode = status ?? 1;
    if (process.exitCode) break;
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
