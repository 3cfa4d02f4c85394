import type { Case, Check } from './check.ts'
import { COST_OVERRUN } from './cost-overrun.ts'
import { DEGRADED_PERFORMANCE } from './degraded-performance.ts'
import { FORECAST_QUALITY } from './forecast-quality.ts'
import { SLOW_SCALING } from './slow-scaling.ts'

/** What is checked of every workload. */
export const WORKLOAD_CHECKS: readonly Check<Case>[] = [
  ...SLOW_SCALING,
  ...COST_OVERRUN,
  ...DEGRADED_PERFORMANCE,
  ...FORECAST_QUALITY,
]
