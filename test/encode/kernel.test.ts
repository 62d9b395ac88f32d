import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kernelTables } from '../../src/encode/kernel-tables.ts';
import { tablesSection } from '../../src/encode/wasm-floats.ts';

const dist = join(import.meta.dirname, '../../dist');

describe('the kernel in the package', () => {
  it('lies where the bundled code looks for it: one folder above the part that reads it', async () => {
    const names = (await readdir(dist, { recursive: true })).filter((name) => name.endsWith('.js'));
    const texts = await Promise.all(names.map((name) => readFile(join(dist, name), 'utf8')));
    const readers = names.filter((_, i) => texts[i]?.includes('float32-json.wasm'));
    // Parts of an earlier bundle may still be there.
    expect(new Set(readers.map((name) => name.split(/[\\/]/)[0]))).toEqual(new Set(['parts']));
    expect(await readdir(dist)).toContain('float32-json.wasm');
  });

  it('asks for nothing from outside and grows no memory', async () => {
    const module = new WebAssembly.Module(await readFile(join(dist, 'float32-json.wasm')));
    expect(WebAssembly.Module.imports(module)).toEqual([]);
  });

  it('brings the tables that it goes by, as they are computed', async () => {
    const module = new WebAssembly.Module(await readFile(join(dist, 'float32-json.wasm')));
    const [tables] = WebAssembly.Module.customSections(module, tablesSection);
    expect(Buffer.from(tables as ArrayBuffer).equals(kernelTables(module))).toBe(true);
    expect(tables?.byteLength).toBe(15_360);
  });
});
