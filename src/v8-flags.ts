import { setFlagsFromString } from 'node:v8';

/** Versions of Node whose V8 is known to have the flags below; another would say on stderr that it has not. */
const knownNode = { first: 20, last: 26 };

let isTuned = false;

/** Tells V8 how a process is used that runs one command. The library never does: its process has other work as well. */
export function tuneV8(): void {
  const major = Number.parseInt(process.versions.node, 10);
  isTuned = major >= knownNode.first && major <= knownNode.last;
  if (!isTuned) return;
  // V8 lets the room for young objects grow to 48 MB as an upload goes on: memory is to be the same for files of any size.
  setFlagsFromString('--semi-space-growth-factor=1');
  // Nor is garbage to pile up to several times what is in use, before the old objects are looked through.
  setFlagsFromString('--heap-growing-percent=50');
  // undici's parser is one function of 33 KB. V8 would spend 100 to 200 ms and 30 MB on optimising it, on every command that
  // asks a server anything, for answers of a few hundred bytes; and the process would wait for that before it ends.
  setFlagsFromString('--no-wasm-dynamic-tiering');
  setFlagsFromString('--no-wasm-tier-up');
}

/** For WebAssembly that is worth optimising: what is called for the first time from here on is, if it is called often. */
export function optimiseWebAssembly(): void {
  if (isTuned) setFlagsFromString('--wasm-dynamic-tiering');
}
