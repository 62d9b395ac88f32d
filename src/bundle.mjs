// Builds dist/ from src/: one program in a few parts, with the packages that it uses inside. A start then opens a handful of
// files instead of hundreds, and an installation brings one package besides libsql. tsc makes the types (`npm run build`).
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { build, transform } from 'esbuild';

rmSync('dist/parts', { recursive: true, force: true });

/**
 * undici without its web part (fetch, WebSocket, cookies, caches, mocks) and its streams. That is most of it, and loading
 * it, as undici's own entry does, adds 20 ms to each start. Exports what src/ imports; proxies need `connect` as well.
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

/** Stand-ins for parts of packages that are never used here. Each part costs milliseconds at startup or many kilobytes. */
const leftOut = {
  name: 'left-out',
  setup(bundle) {
    // undici uses HTTP/2 only on request, and our bodies are bytes, not forms or blobs.
    bundle.onLoad({ filter: /undici[\\/]lib[\\/]dispatcher[\\/]client-h2\.js$/ }, () => ({
      contents: "module.exports = () => { throw new Error('HTTP/2 is not in this bundle'); };",
    }));
    bundle.onLoad({ filter: /undici[\\/]lib[\\/]web[\\/]fetch[\\/]body\.js$/ }, () => ({
      contents: "exports.extractBody = () => { throw new Error('forms and blobs are not in this bundle'); };",
    }));
    // chalk detects whether the terminal has colour; output.ts decides that here.
    bundle.onLoad({ filter: /chalk[\\/]source[\\/]vendor[\\/]supports-color[\\/]index\.js$/ }, () => ({
      contents: 'export default { stdout: { level: 1 }, stderr: { level: 1 } };',
    }));
    // conf gets its folder from us, and this module looks for a home folder, which an account may not have.
    bundle.onLoad({ filter: /env-paths[\\/]index\.js$/ }, () => ({
      contents: "export default () => { throw new Error('env-paths is not in this bundle'); };",
    }));
    // undici needs node:http only for a header size and a class that nobody passes, and node:assert only to throw.
    // commander needs node:child_process only for subcommands that are separate programs.
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
/** Small modules that load Node's file modules, which --help does without. */
const smallOfData = [
  ...['make-folder', 'library/close-after', 'tensor/byte-source', 'tensor/dtype'],
  ...['tensor/missing-file', 'tensor/tensor'],
];
/** Small modules that only commands need. Those of `smallOfRuns` pull in more, and load only once a command runs. */
const smallOfCli = ['cli/id', 'cli/spinner', 'cli/embedded', 'cli/inspect/numbers'];
const smallOfRuns = ['cli/deck-table', 'cli/progress'];
/** Modules that are loaded on their own, as patterns, and the small modules to bundle with each. */
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
 * Keeps the number of files that a start opens small, at half a millisecond each. esbuild puts modules that the same entries
 * import into one part, so this makes every entry import what most of them need.
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
  // A native module: npm installs the build for the machine.
  external: ['libsql'],
  plugins: [undiciDispatchers, leftOut, fewParts],
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'warning',
});

// Converted to CommonJS, which Node starts in half the time of ES modules; esbuild can split only ES modules into parts.
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
    // Node prints the whole line that an uncaught error was thrown in, so lines are kept short.
    lineLimit: 160,
  });
  writeFileSync(path, code);
}
// The program in dist/parts reads its version from `../package.json`, which is this file.
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
writeFileSync('dist/package.json', `${JSON.stringify({ type: 'commonjs', version })}\n`);

const line = `\n${'-'.repeat(80)}\n\n`;
writeFileSync('dist/LICENSES.txt', packagesWithin(Object.keys(metafile.inputs)).map(licenceOf).join(line));

/** The folders of the packages whose files are in the bundle. */
function packagesWithin(files) {
  const folders = files.flatMap((file) => file.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1] ?? []);
  return [...new Set(folders)].sort();
}

/** Returns a package's name, version and licence texts, which its licence requires us to include. */
function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  return [`${name} ${version} (${license})\n`, ...texts.map((file) => readFileSync(`${folder}/${file}`, 'utf8'))].join(
    '\n',
  );
}
