import { test } from 'vitest'
import { whatIsMissing } from './what-is-missing.ts'

// Stands for all suites with a real cluster on a machine that cannot run them; vitest.e2e.config.ts leaves it out elsewhere.
test.skip(`every suite with a real cluster: this machine lacks ${whatIsMissing().join('; ')}`, () => undefined)
