import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kernelTables } from '../../src/encode/kernel-tables.ts';
import { tablesSection } from '../../src/kernel/kernel.ts';

const dist = join(import.meta.dirname, '../../dist');

describe('the kernel in the package', () => {
  it('is where the bundled code looks for it: one folder above the chunk that reads it', async () => {
    const names = (await readdir(dist, { recursive: true })).filter((name) => name.endsWith('.js'));
    const texts = await Promise.all(names.map((name) => readFile(join(dist, name), 'utf8')));
    const readers = names.filter((_, i) => texts[i]?.includes('kernel.wasm'));
    // Chunks of an earlier bundle may still be there.
    expect(new Set(readers.map((name) => name.split(/[\\/]/)[0]))).toEqual(new Set(['parts']));
    expect(await readdir(dist)).toContain('kernel.wasm');
  });

  it('imports nothing', async () => {
    const module = new WebAssembly.Module(await readFile(join(dist, 'kernel.wasm')));
    expect(WebAssembly.Module.imports(module)).toEqual([]);
  });

  it('contains the tables that it uses, identical to the computed ones', async () => {
    const module = new WebAssembly.Module(await readFile(join(dist, 'kernel.wasm')));
    const [tables] = WebAssembly.Module.customSections(module, tablesSection);
    expect(Buffer.from(tables as ArrayBuffer).equals(kernelTables(module))).toBe(true);
    expect(tables?.byteLength).toBe(15_360);
  });
});
