import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Some tests play days of traffic or start the binary; a busy machine must not turn them red.
    testTimeout: 30_000,
    // Vitest leaves a core to itself; tests that wait for child processes do not need it.
    maxWorkers: 2,
    setupFiles: ['./test/property-seed.ts'],
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    reporters: ['default', './test/closing-line.ts'],
    coverage: { provider: 'v8', include: ['src/core/**/*.ts'], exclude: ['**/*.test.ts'], thresholds: { lines: 100 } },
  },
})
