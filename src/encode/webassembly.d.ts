/** What is used of the WebAssembly that every Node has: its types come with TypeScript's library for browsers only. */
declare namespace WebAssembly {
  interface Memory {
    readonly buffer: ArrayBuffer;
    /** Adds pages; returns how many there were. */
    grow(pages: number): number;
  }
  interface Global {
    readonly value: number;
  }
  class Module {
    constructor(bytes: Uint8Array);
    static imports(module: Module): readonly unknown[];
    static customSections(module: Module, name: string): readonly ArrayBuffer[];
  }
  class Instance {
    constructor(module: Module);
    readonly exports: Record<string, unknown>;
  }
}
