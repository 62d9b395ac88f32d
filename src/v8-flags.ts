import { setFlagsFromString } from 'node:v8';

/** Node versions whose V8 is known to have the flags below. Others would report an unknown flag on stderr. */
const knownNode = { first: 20, last: 26 };

let isTuned = false;

/** Tunes V8 for a process that runs one command. The library never calls this: its process has other work as well. */
export function tuneV8(): void {
  const major = Number.parseInt(process.versions.node, 10);
  isTuned = major >= knownNode.first && major <= knownNode.last;
  if (!isTuned) return;
  // V8 would let the young generation grow to 48 MB during an upload. Memory use should be the same for files of any size.
  setFlagsFromString('--semi-space-growth-factor=1');
  // Nor should garbage pile up to several times what is in use before the old generation is collected.
  setFlagsFromString('--heap-growing-percent=50');
  // undici's parser is one function of 33 KB. On every command that asks a server anything, V8 would spend 100 to 200 ms and
  // 30 MB on optimising it for answers of a few hundred bytes, and the process would wait for that before it ends.
  setFlagsFromString('--no-wasm-dynamic-tiering');
  setFlagsFromString('--no-wasm-tier-up');
}

/** Turns optimising on again, for WebAssembly that is first called from here on and is called often. */
export function optimiseWebAssembly(): void {
  if (isTuned) setFlagsFromString('--wasm-dynamic-tiering');
}
