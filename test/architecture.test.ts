import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const src = join(import.meta.dirname, '../src');

interface Import {
  readonly file: string;
  readonly target: string;
  /** Gone once it runs. */
  readonly isType: boolean;
}

/** Every import of the sources, dynamic ones too; our own files by their path below src, packages by name. */
async function readImports(): Promise<Import[]> {
  const names = (await readdir(src, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const imports = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(src, name), 'utf8');
      const found = text.matchAll(/(?:^(?:import|export)( type)?[^';]*from|import\(|^import)\s*'([^']+)'/gm);
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

/** Parts without parts of their own, for all. */
const everywhere = new Set(['errors', 'schema', 'elapsed', 'closest', 'steady-clock', 'wait-for']);

/** What each part may use besides itself and those. Imports go one way, so that each can be read without the next. */
const mayImport: Record<string, string[]> = {
  errors: [],
  'make-folder': [],
  count: [],
  elapsed: [],
  'steady-clock': [],
  'wait-for': [],
  'by-number': [],
  schema: [],
  'v8-flags': [],
  tensor: [],
  encode: ['v8-flags'],
  formats: ['tensor'],
  layouts: ['formats', 'tensor', 'by-number'],
  dashboards: ['tensor', 'count'],
  'feature-data': ['formats', 'dashboards', 'tensor'],
  inspect: ['layouts', 'formats', 'dashboards', 'feature-data', 'tensor', 'by-number'],
  upload: ['layouts', 'formats', 'dashboards', 'feature-data', 'encode', 'tensor', 'make-folder', 'count'],
  api: ['upload', 'tensor'],
  config: ['api', 'make-folder'],
  sandbox: ['make-folder'],
  library: ['upload', 'formats', 'layouts', 'tensor'],
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
  main: ['cli', 'config', 'signals'],
  signals: ['cli'],
  index: ['api', 'formats', 'inspect', 'layouts', 'library', 'tensor', 'upload'],
};

/** Packages that belong in one place, with the reason. */
const homes: Record<string, { in: RegExp; why: string }> = {
  commander: { in: /^cli\//, why: 'only cli knows a terminal' },
  ora: { in: /^cli\//, why: 'only cli knows a terminal' },
  'cli-progress': { in: /^cli\//, why: 'only cli knows a terminal' },
  chalk: { in: /^cli\//, why: 'only cli knows a terminal' },
  zod: { in: /^schema\.ts$/, why: 'its small edition is set up there' },
  undici: { in: /^api\//, why: 'only api knows HTTP; upload gets what it needs as arguments' },
  conf: { in: /^config\//, why: 'only config knows where settings lie' },
  npyjs: { in: /^formats\/npy/, why: 'row matrices never go through it: it reads truncated data in silence' },
  'apache-arrow': { in: /^formats\/arrow/, why: 'it takes 0.3 s to load' },
  libsql: { in: /^sandbox\/store\//, why: 'the sandbox has one store under its routes' },
};

describe('the architecture', () => {
  it('has imports that go one way only', async () => {
    const wrong = (await readImports()).filter(({ file, target }) => {
      if (!target.endsWith('.ts')) return false;
      const [from, to] = [area(file), area(target)];
      return from !== to && !everywhere.has(to) && !mayImport[from]?.includes(to);
    });
    expect(wrong).toEqual([]);
  });

  it('has no file that needs itself: each can be read after what it imports', async () => {
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

  it('knows every part: a new folder is given its place here', async () => {
    const parts = new Set((await readImports()).map(({ file }) => area(file)));
    expect([...parts].filter((part) => !(part in mayImport))).toEqual([]);
    expect(parts.size).toBeGreaterThan(8);
  });

  for (const [name, home] of Object.entries(homes)) {
    it(`keeps ${name} where it belongs: ${home.why}`, async () => {
      const users = (await readImports()).filter(({ target }) => target === name || target.startsWith(`${name}/`));
      expect(users.map(({ file }) => file).filter((file) => !home.in.test(file))).toEqual([]);
    });
  }

  it('takes of undici what the bundle has of it', async () => {
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

  it('reads the environment, prints and exits in main and its signals alone', async () => {
    const names = (await readdir(src, { recursive: true })).filter(
      (name) => name.endsWith('.ts') && name !== 'main.ts' && name !== 'signals.ts',
    );
    for (const name of names) {
      const text = await readFile(join(src, name), 'utf8');
      expect(text.match(/process\.(env|argv|exit\b|exitCode|std\w+)|console\./), name).toBeNull();
    }
  });

  it('has no source file over 200 lines', async () => {
    const names = (await readdir(src, { recursive: true })).filter((name) => name.endsWith('.ts'));
    const long: string[] = [];
    for (const name of names) {
      const lines = (await readFile(join(src, name), 'utf8')).split('\n').length - 1;
      if (lines > 200) long.push(`${name}: ${lines}`);
    }
    expect(long).toEqual([]);
  });
});
