import { defineConfig } from 'vitest/config'
import { whatIsMissing } from './test/e2e/bed/what-is-missing.ts'

/** Suites that need nothing but the checkout. */
const plain = ['test/e2e/agreement.e2e.ts', 'test/e2e/clean-clone.e2e.ts']
// Where it counts, a machine that cannot run a suite fails it; elsewhere one visible skip stands for those that need a cluster.
const isSkipped = process.env.CI !== 'true' && whatIsMissing().length > 0
const unavailable = 'test/e2e/bed/unavailable.e2e.ts'

/** End-to-end suites: real commands, a real control plane, Prometheus and PostgreSQL; minutes rather than seconds, apart from `npm test`. */
export default defineConfig({
  test: {
    include: isSkipped ? [...plain, unavailable] : ['test/e2e/**/*.e2e.ts'],
    exclude: isSkipped ? [] : [unavailable],
    globalSetup: isSkipped ? [] : ['test/e2e/bed/global-setup.ts'],
    reporters: ['default', './test/closing-line.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
})
