import { once } from 'node:events';
import { platform } from 'node:os';
import { resolve } from 'node:path';
import { foldersOf } from '../../config/folders.ts';
import { AppError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';
import { behaviour, sandboxFolder, startEmbedded } from '../embedded.ts';

/** `sandbox`: runs the embedded server on its own until a signal comes. */
export async function run(context: CommandContext): Promise<number> {
  const { out, options, env } = context;
  const other = Object.entries({
    '--sandbox': options.sandbox,
    '--api-url': options.apiUrl,
    '--sandbox-public': options.sandboxPublic,
  });
  const [named] = other.find(([, value]) => value !== undefined) ?? [];
  if (named !== undefined) {
    throw new AppError('usage', `${named} says which server a command talks to, but this command starts a server`, {
      hints: [named === '--sandbox-public' ? 'to behave like the public server, use --public' : 'leave it out'],
    });
  }
  const { port = 0, fresh = false, tier, rateLimit = false, public: isPublic = false } = options;
  const dataDir = options.data === undefined ? sandboxFolder(foldersOf(env), isPublic) : resolve(options.data);
  if (rateLimit && !isPublic) {
    throw new AppError('usage', '--rate-limit works only with --public', { hints: ['add --public'] });
  }
  const server = { dataDir, port, fresh, public: isPublic, rateLimit, onExchange: out.detail, ...(tier && { tier }) };
  const sandbox = await startEmbedded(env, server, '--data or NEURONPEDIA_CONFIG_DIR');
  const { url, apiKey } = sandbox;
  out.document({ type: 'listening', url, apiKey, pid: process.pid });
  out.result(url);
  out.note(`sandbox: embedded server ${behaviour(isPublic)} on ${url}, data in ${dataDir}`);
  out.note('use it from another terminal:');
  out.note(`  ${exporting({ NEURONPEDIA_API_URL: url, NEURONPEDIA_API_KEY: apiKey })}`);
  out.note('  neuronpedia status');
  out.note('other keys: sandbox-free, sandbox-research, sandbox-paid, sandbox-readonly; end with Ctrl-C');
  if (!context.stop.aborted) await once(context.stop, 'abort');
  await sandbox.close();
  return 0;
}

/** Formats variables as this system's shell sets them; on Windows that is PowerShell. */
function exporting(variables: Readonly<Record<string, string>>): string {
  const all = Object.entries(variables);
  if (platform() === 'win32') return all.map(([name, value]) => `$env:${name}='${value}'`).join('; ');
  return `export ${all.map(([name, value]) => `${name}=${value}`).join(' ')}`;
}
