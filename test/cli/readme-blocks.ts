import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { binary, childEnv, type Ran } from './run-cli.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** A fenced block of the README. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** The reason given in a comment before it, `<!-- not run: … -->`; absent if there is none. */
  readonly notRun?: string;
}

/** Returns all fenced blocks of the README, in order. */
export function allBlocks(): Block[] {
  const found = readme.matchAll(/(?:<!-- not run: ([^>]*) -->\n+)?^```(\w*)\n([\s\S]*?)^```$/gm);
  return [...found].map(([, notRun, language = '', body = '']) => ({
    language,
    text: body,
    ...(notRun !== undefined && { notRun }),
  }));
}

/** Returns the texts of the blocks in one language. */
export function codeBlocks(language: string): string[] {
  return allBlocks()
    .filter((block) => block.language === language)
    .map((block) => block.text);
}

/** Returns the shell scripts in YAML: every `run:`, on one line or as a literal block, and the first of `args:`. */
export function scriptsIn(yaml: string): string[] {
  const lines = yaml.split('\n');
  return lines.flatMap((line, at) => {
    const literal = /^( *)(?:- )?run: \|$/.exec(line);
    if (literal) return [literalAt(lines, at + 1)];
    const [, script] = /^ *(?:- )?run: (.+)$/.exec(line) ?? [];
    const [, argument] = lines[at - 1]?.trim() === 'args:' ? (/^ *- (.+)$/.exec(line) ?? []) : [];
    return [script ?? argument].filter((found) => found !== undefined);
  });
}

function literalAt(lines: readonly string[], start: number): string {
  const indent = /^ */.exec(lines[start] ?? '')?.[0].length ?? 0;
  const end = lines.findIndex((line, i) => i >= start && line.trim() !== '' && !line.startsWith(' '.repeat(indent)));
  return lines
    .slice(start, end < 0 ? undefined : end)
    .map((line) => line.slice(indent))
    .join('\n');
}

/** Runs a script with bash as GitHub does (`-e`). `neuronpedia` is on its path, after the folder `BIN` if given. */
export async function runBash(
  script: string,
  { cwd, env }: { cwd: string; env: Record<string, string> },
): Promise<Ran> {
  const bin = mkdtempSync(join(tmpdir(), 'np-bin-'));
  try {
    writeFileSync(join(bin, 'neuronpedia'), `#!/bin/sh\nexec '${process.execPath}' '${binary}' "$@"\n`, {
      mode: 0o755,
    });
    const path = [env.BIN, bin, process.env.PATH].filter(Boolean).join(':');
    const child = spawn('bash', ['-e', '-c', script], {
      cwd,
      env: { ...childEnv(env), PATH: path },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    return { code, stdout, stderr };
  } finally {
    rmSync(bin, { recursive: true, force: true });
  }
}
