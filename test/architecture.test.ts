import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const src = join(import.meta.dirname, '../src');

interface Import {
  readonly file: string;
  readonly target: string;
  /** A type-only import, which is erased when the code is compiled. */
  readonly isType: boolean;
}

const sourceFiles = async () => (await readdir(src, { recursive: true })).filter((name) => name.endsWith('.ts'));

/**
 * Reads every import of the sources, dynamic ones and calls of `require` under the name `load` too: our own files as paths
 * below src, packages by name.
 */
async function readImports(): Promise<Import[]> {
  const names = await sourceFiles();
  const imports = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(src, name), 'utf8');
      const found = text.matchAll(/(?:^(?:import|export)( type)?[^';]*from|\b(?:import|load)\(|^import)\s*'([^']+)'/gm);
      return [...found].map(([, type, target = '']) => ({
        ...{ file: name.replaceAll('\\', '/'), target: resolve(name, target) },
        isType: type !== undefined,
      }));
    }),
  );
  return imports.flat();
}

function resolve(from: string, target: string): string {
  if (!target.startsWith('.')) return target;
  return relative(src, join(src, dirname(from), target)).replaceAll('\\', '/');
}

const area = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : path.replace('.ts', ''));

/** Small parts that every part may import. They import at most each other. */
const everywhere = new Set([
  'errors',
  'schema',
  'elapsed',
  'closest',
  'try-parse-json',
  'python-json',
  'present',
  'steady-clock',
  'wait-for',
  'check-options',
  'file-fault',
]);

/** What each part may import besides itself and those. Imports go one way, so a part can be read without its users. */
const mayImport: Record<string, string[]> = {
  errors: [],
  'python-json': [],
  'check-options': [],
  'make-folder': [],
  count: [],
  elapsed: [],
  'steady-clock': [],
  'wait-for': [],
  'by-number': [],
  closest: [],
  'try-parse-json': [],
  present: [],
  'file-fault': [],
  schema: [],
  'v8-flags': [],
  kernel: ['v8-flags'],
  tensor: ['kernel'],
  encode: ['kernel'],
  formats: ['tensor'],
  layouts: ['formats', 'tensor', 'by-number'],
  dashboards: ['tensor', 'count'],
  'feature-data': ['formats', 'dashboards', 'tensor'],
  inspect: ['layouts', 'formats', 'dashboards', 'feature-data', 'tensor', 'by-number'],
  upload: ['layouts', 'formats', 'dashboards', 'feature-data', 'encode', 'tensor', 'make-folder', 'count'],
  api: ['upload', 'tensor'],
  config: ['api', 'make-folder'],
  sandbox: ['make-folder'],
  library: ['upload', 'inspect', 'sandbox', 'formats', 'layouts', 'tensor'],
  cli: [
    'library',
    'upload',
    'inspect',
    'api',
    'config',
    'sandbox',
    'formats',
    'layouts',
    'tensor',
    'count',
    'v8-flags',
  ],
  main: ['cli', 'api', 'config', 'signals'],
  signals: ['cli'],
  index: ['api', 'dashboards', 'feature-data', 'formats', 'inspect', 'layouts', 'library', 'tensor', 'upload'],
};

/** Packages that only one place may import, with the reason. */
const homes: Record<string, { in: RegExp; why: string }> = {
  commander: { in: /^cli\//, why: 'only cli deals with a terminal' },
  ora: { in: /^cli\//, why: 'only cli deals with a terminal' },
  'cli-progress': { in: /^cli\//, why: 'only cli deals with a terminal' },
  chalk: { in: /^cli\//, why: 'only cli deals with a terminal' },
  zod: { in: /^schema\.ts$/, why: 'schema.ts sets up its small edition' },
  undici: { in: /^api\//, why: 'only api speaks HTTP; upload gets what it needs as arguments' },
  conf: { in: /^config\//, why: 'only config knows where settings are stored' },
  npyjs: { in: /^formats\/npy/, why: 'it silently reads truncated data, so row matrices never go through it' },
  'apache-arrow': { in: /^formats\/arrow/, why: 'it takes 0.3 s to load' },
  libsql: { in: /^sandbox\/store\//, why: 'all routes of the sandbox share one store' },
};

describe('the architecture', () => {
  it('lets each part import only the parts that it may use', async () => {
    const wrong = (await readImports()).filter(({ file, target }) => {
      if (!target.endsWith('.ts')) return false;
      const [from, to] = [area(file), area(target)];
      return from !== to && !everywhere.has(to) && !mayImport[from]?.includes(to);
    });
    expect(wrong).toEqual([]);
  });

  it('has no import cycle between files, type imports aside', async () => {
    const imports = (await readImports()).filter(({ target, isType }) => target.endsWith('.ts') && !isType);
    const done = new Set<string>();
    const visit = (file: string, above: readonly string[]): string[] => {
      if (above.includes(file)) return [[...above.slice(above.indexOf(file)), file].join(' -> ')];
      if (done.has(file)) return [];
      done.add(file);
      return imports.filter((one) => one.file === file).flatMap(({ target }) => visit(target, [...above, file]));
    };
    expect(imports.flatMap(({ file }) => visit(file, []))).toEqual([]);
  });

  it('has an entry in mayImport for every part', async () => {
    const parts = new Set((await sourceFiles()).map((name) => area(name.replaceAll('\\', '/'))));
    expect([...parts].filter((part) => !(part in mayImport))).toEqual([]);
    expect(parts.size).toBeGreaterThan(8);
  });

  for (const [name, home] of Object.entries(homes)) {
    it(`keeps ${name} where it belongs: ${home.why}`, async () => {
      const users = (await readImports()).filter(({ target }) => target === name || target.startsWith(`${name}/`));
      expect(users.map(({ file }) => file).filter((file) => !home.in.test(file))).toEqual([]);
      expect(users).not.toEqual([]);
    });
  }

  it('uses exactly those exports of undici that the bundle includes', async () => {
    const bundle = await readFile(join(src, 'bundle.mjs'), 'utf8');
    const given = bundle.matchAll(/exports(?:\.|, ')(\w+)(?: = |', \{ get: \(\) => )require/g);
    const there = new Set([...given].map(([, name]) => name));
    const texts = await Promise.all(
      (await readdir(src, { recursive: true }))
        .filter((name) => name.endsWith('.ts'))
        .map((name) => readFile(join(src, name), 'utf8')),
    );
    const lists = texts.flatMap((text) =>
      [...text.matchAll(/^import \{([^}]*)\} from 'undici';/gm)].map(([, list]) => list ?? ''),
    );
    const taken = lists
      .flatMap((list) => list.split(',').map((name) => name.trim()))
      .filter((name) => !/^type /.test(name));
    expect(new Set(taken)).toEqual(there);
  });

  it('reads the environment, prints and exits only in main.ts and signals.ts', async () => {
    const names = (await readdir(src, { recursive: true })).filter(
      (name) => name.endsWith('.ts') && name !== 'main.ts' && name !== 'signals.ts',
    );
    for (const name of names) {
      const text = await readFile(join(src, name), 'utf8');
      expect(text.match(/process\.(env|argv|exit\b|exitCode|std\w+)|console\./), name).toBeNull();
    }
  });

  it('has no source file over 200 lines', async () => {
    const names = await sourceFiles();
    const long: string[] = [];
    for (const name of names) {
      const lines = (await readFile(join(src, name), 'utf8')).split('\n').length - 1;
      if (lines > 200) long.push(`${name}: ${lines}`);
    }
    expect(long).toEqual([]);
  });
});
