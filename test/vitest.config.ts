import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// A child process takes half a second on an idle machine and much longer on a busy one, so timeouts are generous. By
// default vitest leaves a core idle and loads the sources again for every file. Here files share them, and there are
// half as many workers again as cores, because tests spend much of their time waiting.
export default defineConfig({
  test: {
    dir: 'test',
    exclude: ['test/soak/**'],
    isolate: false,
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
