import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { AppError } from '../errors.ts';

/** Returns the one error for a path where nothing exists, with hints that depend on what the path looks like. */
export function missingFile(path: string, what = 'no such file or folder', cause?: unknown): AppError {
  return new AppError('file_not_found', `${path}: ${what}`, {
    hints: hintsFor(path),
    details: { file: path },
    ...(cause !== undefined && { cause }),
  });
}

function hintsFor(path: string): string[] {
  if (/^~/.test(path)) return ['the shell expands ~ only outside quotes; write $HOME instead'];
  const [, repository] = /^(?:https?:\/\/huggingface\.co\/|hf:\/\/)([\w.-]+\/[\w.-]+)/.exec(path) ?? [];
  if (repository !== undefined) return [`it is read from your disk; fetch it first: ${download(repository)}`];
  if (/^[a-z][\w+.-]*:\/\//i.test(path)) return ['it is read from your disk: download it first'];
  const target = linkTarget(path);
  // Hugging Face caches consist of links, whose targets may have been deleted or not copied along.
  if (target !== undefined && isCircle(path)) return [`it is a link to ${target}, which leads back to it (ELOOP)`];
  if (target !== undefined) return [`it is a link to ${target}, which does not exist`];
  const folder = dirname(resolve(path));
  if (!existsSync(folder)) {
    const isRepository = /^[A-Za-z][\w.-]*\/[\w.-]+$/.test(path);
    const hint = `there is no folder ${folder} either`;
    return isRepository
      ? [hint, `if you mean a Hugging Face repository, download it first: ${download(path)}`]
      : [hint];
  }
  const near = alike(folder, basename(path));
  return [`looked in ${folder}`, ...(near.length > 0 ? [`did you mean ${near.join(' or ')}?`] : [])];
}

function download(repository: string): string {
  return `hf download ${repository} --local-dir ${basename(repository)}`;
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Whether the system gave up following a link. */
function isCircle(path: string): boolean {
  try {
    statSync(path);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ELOOP';
  }
}

/** Up to three names in the folder that differ only in case, extension or the last few letters. */
function alike(folder: string, name: string): string[] {
  const beginning = (text: string) => text.toLowerCase().replace(/\.\w+$/, '');
  const wanted = beginning(name);
  if (wanted.length < 3) return [];
  const short = wanted.slice(0, Math.max(3, Math.ceil(wanted.length * 0.6)));
  try {
    return readdirSync(folder)
      .filter((entry) => beginning(entry).startsWith(short) && !entry.startsWith('.'))
      .slice(0, 3);
  } catch {
    return [];
  }
}
