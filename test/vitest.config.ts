import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// A child takes half a second on an idle machine and much longer on a busy one: no test is about time. By itself vitest
// leaves a core idle, and loads the sources anew for every file; here one worker more than cores fills the waits.
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
