// Adds the float printer's tables to its compiled kernel as a custom section. `npm run kernel` runs it after the compiler.
import { readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const file = 'dist/kernel.wasm';
const { kernelTables } = await imported('src/encode/kernel-tables.ts');
const { tablesSection } = await imported('src/kernel/kernel.ts');

const kernel = readFileSync(file);
const name = Buffer.from(tablesSection);
const content = Buffer.concat([sized(name), kernelTables(new WebAssembly.Module(kernel))]);
// A custom section: id 0, size, name, content (WebAssembly core specification, 5.5.3).
writeFileSync(file, Buffer.concat([kernel, Buffer.from([0]), sized(content)]));

async function imported(path) {
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
  });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
}

/** Returns bytes with their length before them, as LEB128. */
function sized(bytes) {
  const size = [];
  for (let left = bytes.length; ; left >>>= 7) {
    if (left < 128) return Buffer.concat([Buffer.from([...size, left]), bytes]);
    size.push((left & 127) | 128);
  }
}
