import { type Env, type Folders, setting } from '../config/folders.ts';
import { AppError } from '../errors.ts';
import { writeHint } from '../file-fault.ts';
import type { Sandbox, SandboxOptions, Tier } from '../sandbox/index.ts';
import { shellWord } from './shell-word.ts';

/** Returns the usual data folder. Each kind of server has its own: in a shared one it would find rows it could not have made. */
export function sandboxFolder({ sandbox }: Folders, isPublic: boolean): string {
  return isPublic ? `${sandbox}-public` : sandbox;
}

/** Says which kind of server it plays. */
export function behaviour(isPublic: boolean): string {
  return isPublic ? "behaving like today's public server" : 'with the upload protocol';
}

const tiers: readonly Tier[] = ['free', 'research', 'bulk'];

/**
 * Starts the embedded server; without `tier`, NEURONPEDIA_SANDBOX_TIER sets the tier of its key. `chooses` names what chooses
 * its data folder. Errors: usage (unknown tier, port not available), file_unreadable (its data folder, or no libsql), locked
 * (emptying a folder that is in use).
 */
export async function startEmbedded(
  env: Env,
  options: SandboxOptions,
  chooses = 'NEURONPEDIA_CONFIG_DIR',
): Promise<Sandbox> {
  const tier = options.tier ?? tierOf(setting(env, 'NEURONPEDIA_SANDBOX_TIER'));
  const { startSandbox } = await import('../sandbox/index.ts');
  return startSandbox({ ...options, ...(tier && { tier }) }).catch((cause) => {
    throw startError(cause, options, chooses);
  });
}

function tierOf(text: string | undefined): Tier | undefined {
  if (text === undefined) return undefined;
  const tier = tiers.find((name) => name === text);
  if (tier) return tier;
  throw new AppError('usage', `NEURONPEDIA_SANDBOX_TIER is "${text}": expected ${tiers.join(', ')}`, {
    hints: ['set it to one of these, or unset it'],
  });
}

function startError(
  cause: NodeJS.ErrnoException,
  { port, dataDir, public: isPublic }: SandboxOptions,
  chooses: string,
): AppError {
  if (cause.syscall === 'listen' || cause.code === 'EADDRINUSE') {
    return new AppError('usage', `port ${port} is not available (${cause.code})`, {
      hints: ['choose another with --port, or leave it out for any free one'],
      cause,
    });
  }
  if (cause.code === 'sandbox_unavailable') {
    return new AppError('file_unreadable', cause.message, { hints: ['install it with: npm install libsql'], cause });
  }
  if (cause.code === 'sandbox_unloadable') {
    return new AppError('file_unreadable', cause.message, { hints: [unloadable], cause });
  }
  if (cause.code === 'sandbox_in_use') {
    return new AppError('locked', `${dataDir}: ${cause.message}, and --fresh would delete its data`, {
      hints: ['stop that sandbox first, or choose another folder with --data'],
      cause,
    });
  }
  const startOver = `to delete the data and start over: neuronpedia sandbox --fresh${isPublic ? ' --public' : ''} --data ${shellWord(dataDir)}`;
  if (cause.code === 'sandbox_version') {
    return new AppError('file_unreadable', cause.message, { hints: [startOver], cause });
  }
  const isDamaged = cause.code === 'SQLITE_CORRUPT' || cause.code === 'SQLITE_NOTADB';
  return new AppError('file_unreadable', `${dataDir}: the sandbox cannot keep its data there (${cause.message})`, {
    hints: [isDamaged ? startOver : writeHint(cause, `choose another folder with ${chooses}`)],
    cause,
  });
}

const unloadable =
  'it is a native module: these must be allowed (no --no-addons in NODE_OPTIONS), and the disk that it is on must not be ' +
  'mounted noexec';
