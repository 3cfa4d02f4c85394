import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { MetricFamily } from '../ports.ts'

/** The lag is of at least that long before the answer, whoever else asks meanwhile. */
const WINDOW_MS = 30_000
const RESOLUTION_MS = 10

export interface ProcessFamilies {
  families(): readonly MetricFamily[]
  /** Stops the measuring of the event loop. */
  close(): void
}

/** What the process uses: memory, processor, and how late its event loop is. */
export function processFamilies(): ProcessFamilies {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  let since = performance.now()
  return {
    families() {
      const lag = ([50, 99] as const).map(percentile => ({
        labels: { percentile: String(percentile) },
        value: Math.max(0, delay.percentile(percentile) / 1e9 - RESOLUTION_MS / 1000),
      }))
      if (performance.now() - since > WINDOW_MS) {
        delay.reset()
        since = performance.now()
      }
      return [eventLoopFamily(lag), ...usageFamilies()]
    },
    close: () => void delay.disable(),
  }
}

function eventLoopFamily(samples: MetricFamily['samples']): MetricFamily {
  return { name: 'crescendo_event_loop_lag_seconds', type: 'gauge', help: 'How late timers were, by percentile.', samples }
}

function usageFamilies(): readonly MetricFamily[] {
  const { rss, heapUsed } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  const gauge = (name: string, help: string, value: number): MetricFamily => ({
    name,
    type: 'gauge',
    help,
    samples: [{ labels: {}, value }],
  })
  return [
    gauge('crescendo_process_resident_memory_bytes', 'Memory that the process holds.', rss),
    gauge('crescendo_process_heap_bytes', 'Memory that JavaScript objects use.', heapUsed),
    gauge('crescendo_process_uptime_seconds', 'Time since the process started.', process.uptime()),
    {
      name: 'crescendo_process_cpu_seconds',
      type: 'counter',
      help: 'Processor time that the process used.',
      samples: [{ labels: {}, value: (user + system) / 1e6 }],
    },
  ]
}
