import { defineConfig } from 'vitest/config'

/** End-to-end suites: real commands in real folders, minutes rather than seconds, apart from `npm test`. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.e2e.ts'],
    reporters: ['default', './test/closing-line.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
})
