// Makes dist/ out of src/: one program in a few parts, with the packages that it uses inside. So a start opens a handful
// of files instead of hundreds, and an installation brings one package. Types are made by tsc (`npm run build`).
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

rmSync('dist/parts', { recursive: true, force: true });

const { metafile } = await build({
  entryPoints: ['src/main.ts', 'src/index.ts'],
  outdir: 'dist',
  chunkNames: 'parts/[name]-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20.18',
  format: 'esm',
  // A native module: npm brings the build for the machine.
  external: ['libsql'],
  // Packages in CommonJS ask for Node's own modules this way.
  banner: { js: "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);" },
  legalComments: 'none',
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
  logLevel: 'warning',
});

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
