// Preloaded into the real binary with `--import`: says on stderr when it begins to read its standard input.
const iterate = process.stdin[Symbol.asyncIterator];
process.stdin[Symbol.asyncIterator] = function () {
  process.stderr.write('reading stdin\n');
  return iterate.call(this);
};
