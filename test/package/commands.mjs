// Runs every command of an installed tool, one after another, as a user would.
// node test/package/commands.mjs TOOL FIXTURES HOME [--no-sandbox: only what works without the optional dependency]
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [tool, fixtures, home, only] = process.argv.slice(2);
const env = {
  PATH: process.env.PATH,
  HOME: home,
  NEURONPEDIA_CONFIG_DIR: join(home, 'config'),
  NEURONPEDIA_STATE_DIR: join(home, 'state'),
};
const tiny = join(fixtures, 'sae-tiny');

/** Runs a command and returns its stdout. Ends the script with an error unless the command ends as expected. */
function run(args, { code = 0, input = '', says = '' } = {}) {
  const ran = spawnSync(process.execPath, [tool, ...args], { env, input, encoding: 'utf8' });
  if (ran.status !== code || !(ran.stdout + ran.stderr).includes(says)) {
    console.error(`neuronpedia ${args.join(' ')}\nended with ${ran.status}:\n${ran.stdout}${ran.stderr}`);
    process.exit(1);
  }
  return ran.stdout.trim();
}

run(['--version']);
run(['--help'], { says: 'upload-sae' });
run(['inspect', tiny], { says: '512 features' });
for (const file of ['vectors/woman-minus-man-64-f32.npy', 'feature-data/rows.arrow', 'feature-data/rows.npz'])
  run(['inspect', join(fixtures, file), '--json']);
if (only === '--no-sandbox') {
  run(['status', '--sandbox'], { code: 6, says: 'npm install libsql' });
  run(['status', '--json'], { code: 4, says: '"jobs":[]' });
  process.exit(0);
}

const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--sandbox'];
const vector = join(fixtures, 'vectors/woman-minus-man-64-f32.npy');
run(['upload-sae', tiny, '--sae-id', 'packed', '--sandbox'], { says: 'tiny-kjv-4l/1-packed' });
const id = run(['upload-vector', vector, ...place, '--name', 'woman minus man']);
run(['upload-probe', vector, ...place, '--name', 'a probe', '--concept', 'gender']);
run(['status', '--sandbox', '--json'], { says: '"state":"done"' });
run(['status', 'tiny-kjv-4l/1-packed/7', '--sandbox'], { says: 'vector' });
run(['steer', id, '--prompt', 'And', '--sandbox'], { says: 'steered' });
run(['delete', id, '--yes', '--sandbox']);
run(['upload-vector', vector, '--model', 'tiny-kjv-4l', '--layer', '1', '--name', 'public', '--sandbox-public']);

const server = spawn(process.execPath, [tool, 'sandbox', '--json', '--data', join(home, 'data')], { env });
const [line] = await once(createInterface({ input: server.stdout }), 'line');
const { url, apiKey } = JSON.parse(line);
run(['login', '--with-token', '--api-url', url], { input: apiKey });
run(['status', '--api-url', url, '--json'], { says: '"bulk"' });
run(['logout', '--api-url', url]);
server.kill('SIGTERM');
await once(server, 'exit');
