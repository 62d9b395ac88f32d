// Preloaded into the real binary with `--import`: says on stderr that it has begun to read its standard input.
const iterate = process.stdin[Symbol.asyncIterator];
process.stdin[Symbol.asyncIterator] = function () {
  process.stderr.write('reading stdin\n');
  return iterate.call(this);
};
