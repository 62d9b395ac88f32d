/** The part of WebAssembly that is used here. Every Node has it, but TypeScript types it only for browsers. */
declare namespace WebAssembly {
  interface Memory {
    readonly buffer: ArrayBuffer;
    /** Adds pages; returns how many there were before. */
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
