// Makes dist/ out of src/: one program in a few parts, with the packages that it uses inside. So a start opens a handful
// of files instead of hundreds, and an installation brings one package. Types are made by tsc (`npm run build`).
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { build, transform } from 'esbuild';

rmSync('dist/parts', { recursive: true, force: true });

/**
 * undici without its web part (fetch, WebSocket, cookies, caches, mocks) and its streams, which is most of it and takes 20 ms
 * of each start: its own entry loads all of that. What src/ imports of it stands here; proxies need `connect`.
 */
const undiciDispatchers = {
  name: 'undici-dispatchers',
  setup(bundle) {
    bundle.onLoad({ filter: /node_modules[\\/]undici[\\/]index\.js$/ }, () => ({
      contents: `
        const Dispatcher = require('./lib/dispatcher/dispatcher');
        Dispatcher.prototype.connect = require('./lib/api/api-connect');
        exports.Pool = require('./lib/dispatcher/pool');
        Object.defineProperty(exports, 'ProxyAgent', { get: () => require('./lib/dispatcher/proxy-agent'), enumerable: true });
        exports.errors = require('./lib/core/errors');`,
    }));
  },
};

/** Parts of packages that nothing here comes to use, each milliseconds of a start or many kilobytes: what stands in for them. */
const leftOut = {
  name: 'left-out',
  setup(bundle) {
    // HTTP/2 is used only where it is asked for; bodies are bytes, not forms or blobs.
    bundle.onLoad({ filter: /undici[\\/]lib[\\/]dispatcher[\\/]client-h2\.js$/ }, () => ({
      contents: "module.exports = () => { throw new Error('HTTP/2 is not in this bundle'); };",
    }));
    bundle.onLoad({ filter: /undici[\\/]lib[\\/]web[\\/]fetch[\\/]body\.js$/ }, () => ({
      contents: "exports.extractBody = () => { throw new Error('forms and blobs are not in this bundle'); };",
    }));
    // chalk asks whether there is colour, which output.ts has decided for all of it.
    bundle.onLoad({ filter: /chalk[\\/]source[\\/]vendor[\\/]supports-color[\\/]index\.js$/ }, () => ({
      contents: 'export default { stdout: { level: 1 }, stderr: { level: 1 } };',
    }));
    // undici asks Node's own HTTP for the size of headers and a class that nobody passes, and of its assertions needs that
    // they throw; commander can run subcommands that are programs of their own.
    const builtins = [
      {
        name: /^node:http$/,
        importer: /node_modules[\\/]undici[\\/]/,
        contents: 'exports.IncomingMessage = class {}; exports.maxHeaderSize = 16384;',
      },
      {
        name: /^node:assert$/,
        importer: /node_modules[\\/]undici[\\/]/,
        contents:
          "module.exports = (value, message) => { if (!value) throw new Error(message ?? 'undici: a wrong state'); };",
      },
      { name: /^node:child_process$/, importer: /node_modules[\\/]commander[\\/]/, contents: '' },
    ];
    for (const [i, { name, importer: from }] of builtins.entries()) {
      bundle.onResolve({ filter: name }, ({ importer }) =>
        from.test(importer) ? { path: String(i), namespace: 'left-out' } : undefined,
      );
    }
    bundle.onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({
      contents: builtins[Number(path)].contents,
    }));
  },
};

/** Small modules that most parts need. */
const small = [
  ...['errors', 'count', 'elapsed', 'by-number', 'api/redact', 'config/key-file', 'inspect/upload-cost'],
  ...['tensor/ranges', 'upload/shard'],
];
/** Those that load what Node has for files, which help does without. */
const smallOfData = [
  ...['make-folder', 'library/close-after', 'tensor/byte-source', 'tensor/dtype'],
  ...['tensor/missing-file', 'tensor/tensor'],
];
/** Those that only commands need; the last two have more behind them, and come once a command is run. */
const smallOfCli = ['cli/id', 'cli/spinner', 'cli/embedded', 'cli/inspect/numbers'];
const smallOfRuns = ['cli/deck-table', 'cli/progress'];
/** What is loaded by itself, and what is to come with it. */
const comesWith = [
  { entry: 'main', modules: [...small, ...smallOfCli] },
  { entry: 'cli/prepare', modules: ['main', ...smallOfRuns] },
  { entry: 'cli/commands/[\\w-]+', modules: ['main', 'cli/prepare', ...smallOfData] },
  { entry: 'cli/progress-bar', modules: ['main', 'cli/prepare'] },
  { entry: 'ora/index', modules: ['main'] },
  { entry: '(index|sandbox/index|config/key-store)', modules: [...small, ...smallOfData] },
  { entry: '(formats/arrow-open|feature-data/arrow-table)', modules: [...small, ...smallOfData] },
];

/**
 * A start takes few files, at half a millisecond each: esbuild puts into one part what the same entries lead to, so what is
 * needed in most places is made to be led to from all of them.
 */
const fewParts = {
  name: 'few-parts',
  setup(bundle) {
    for (const { entry, modules } of comesWith) {
      const filter = new RegExp(`/(src|node_modules)/${entry}\\.(ts|js)$`.replaceAll('/', '[\\\\/]'));
      const imports = modules.map((name) => `import ${JSON.stringify(resolve(`src/${name}.ts`))};`).join('\n');
      bundle.onLoad({ filter }, ({ path }) => ({
        contents: `${readFileSync(path, 'utf8')}\n${imports}`,
        loader: path.endsWith('.ts') ? 'ts' : 'js',
      }));
    }
  },
};

const target = 'node20.18';
const { metafile, outputFiles } = await build({
  entryPoints: ['src/main.ts', 'src/index.ts'],
  outdir: 'dist',
  chunkNames: 'parts/[name]-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  target,
  format: 'esm',
  define: { 'import.meta.url': 'fileUrl' },
  // A native module: npm brings the build for the machine.
  external: ['libsql'],
  plugins: [undiciDispatchers, leftOut, fewParts],
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'warning',
});

// As CommonJS, which Node starts in half of the time that it takes for ES modules; esbuild makes parts as these only.
mkdirSync('dist/parts', { recursive: true });
for (const { path, text } of outputFiles) {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target,
    supported: { 'dynamic-import': false },
    banner: text.includes('fileUrl') ? "const fileUrl=require('node:url').pathToFileURL(__filename);" : '',
    minifySyntax: true,
    minifyWhitespace: true,
    // Of an error that nobody catches Node shows the whole line that it was thrown in.
    lineLimit: 160,
  });
  writeFileSync(path, code);
}
// Its version is what `../package.json` says, seen from dist/parts.
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
writeFileSync('dist/package.json', `${JSON.stringify({ type: 'commonjs', version })}\n`);

const line = `\n${'-'.repeat(80)}\n\n`;
writeFileSync('dist/LICENSES.txt', packagesWithin(Object.keys(metafile.inputs)).map(licenceOf).join(line));

/** The folders of the packages whose files are in the bundle. */
function packagesWithin(files) {
  const folders = files.flatMap((file) => file.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1] ?? []);
  return [...new Set(folders)].sort();
}

/** A package's name, version and licence texts, as its licence asks for. */
function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  return [`${name} ${version} (${license})\n`, ...texts.map((file) => readFileSync(`${folder}/${file}`, 'utf8'))].join(
    '\n',
  );
}
