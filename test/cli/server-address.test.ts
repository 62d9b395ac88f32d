import { describe, expect } from 'vitest';
import { fixture } from './fixtures.ts';
import { test } from './home.ts';
import { documentsOf, linesOf } from './run-cli.ts';

const vector = ['upload-vector', fixture('vectors/woman-minus-man-64-f32.npy')];
const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--name', 'addressed'];

/** An address as a file with a line end, or a table that it was copied from, may leave it. */
const untidy = (url: string) => ` ${url.replace(/:(\d+)$/, ':\t$1')}/\r\n`;

describe.concurrent('white space in and around the address of the server', () => {
  test('is in nothing that is printed or stored if the environment has it', async ({ home, server }) => {
    const env = { NEURONPEDIA_API_KEY: 'sandbox-bulk', NEURONPEDIA_API_URL: untidy(server.url) };
    const ran = await home.run([...vector, ...place], { env });
    expect([ran.code, linesOf(ran.stdout)]).toEqual([0, [expect.stringMatching(`^${server.url}/tiny-kjv-4l/`)]]);
    const [{ jobs }] = documentsOf(await home.run(['status', '--all', '--json'], { env }));
    expect(jobs).toMatchObject([
      { serverName: server.url, command: expect.stringMatching(`--api-url ${server.url}/$`) },
    ]);
  });

  test('is in nothing that is printed if --api-url has it', async ({ home, server }) => {
    const ran = await home.runAt(untidy(server.url), [...vector, ...place, '--dry-run']);
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining(`server   ${server.url} `) });
  });
});
