import { describe, expect, test } from 'vitest'
import {
  bed,
  METRICS_PATH,
  metricsList,
  podOf,
  podsMetric,
  prometheus,
  type Row,
  rps,
  START,
  source,
  workload,
} from '../../test/sources-bed.ts'
import type { MetricSpec, Objective, Reading } from '../core/model.ts'

const errors = (query: string) => query.includes('5..')
const latency: Objective = { type: 'Latency', metric: 'request_duration_seconds', percentile: 95, threshold: 0.025 }

/** What is read of `objectives` where the source answers as `rows` says. */
async function readings(objectives: readonly Objective[], { rows, metrics = [], drivers = [] }: Asked) {
  const { url, queries } = await prometheus({ rows })
  const plain = workload(metrics, { drivers })
  const { sources } = bed({ documents: [source('main', url)] })
  const measured = await sources.read({ ...plain, target: { ...plain.target, objectives } })
  return { readings: measured.objectives!, queries }
}

interface Asked {
  readonly rows: (query: string) => Row[]
  readonly metrics?: readonly MetricSpec[]
  readonly drivers?: readonly string[]
}

const value = (reading: Reading | undefined) => (reading?.kind === 'value' ? reading.value : reading?.why)

describe('how the objectives of an object stand', () => {
  test('is told in their order; what no source knows is missing, and says so', async () => {
    const rows = (query: string): Row[] => {
      if (query.includes('audio_quality_score')) return rps({ 'web-1': 0.9, 'web-2': 0.98 })
      return query.includes('audio_jobs_total') ? rps({ 'web-1': 40, 'web-2': 60 }) : []
    }
    const { readings: all } = await readings(
      [
        { type: 'Guard', metric: 'audio_quality_score', min: 0.95 },
        { type: 'Guard', metric: 'our_own_score', min: 1 },
        { type: 'Throughput', metric: 'audio_jobs_per_second', min: 90 },
      ],
      { rows },
    )
    expect(all.map(({ kind }) => kind)).toEqual(['value', 'missing', 'value'])
    expect(value(all[0])).toBeCloseTo(0.94)
    expect(value(all[1])).toBe('NotOffered: no source knows our_own_score')
    expect(value(all[2])).toBe(100)
  })

  test('an error ratio far below a thousandth is not rounded away, and availability is what it leaves', async () => {
    const { readings: all } = await readings(
      [
        { type: 'ErrorRatio', threshold: 0.0001 },
        { type: 'Availability', threshold: 0.9999 },
      ],
      { rows: query => (errors(query) ? rps({ 'web-1': 0.0001, 'web-2': 0.0003 }) : []) },
    )
    expect(value(all[0])).toBeCloseTo(0.0002, 9)
    expect(value(all[1])).toBeCloseTo(0.9998, 9)
  })

  test('a pod that serves more counts more', async () => {
    const rows = (query: string): Row[] => {
      if (errors(query)) return rps({ 'web-1': 0.1, 'web-2': 0.5 })
      return query.includes('http_requests_total') ? rps({ 'web-1': 300, 'web-2': 100 }) : []
    }
    const asked = { rows, metrics: [podsMetric('requests_per_second')], drivers: ['requests_per_second'] }
    const { readings: all } = await readings([{ type: 'ErrorRatio', threshold: 0.01 }], asked)
    expect(value(all[0])).toBeCloseTo(0.2)
    const idle = { ...asked, rows: (query: string) => (errors(query) ? rows(query) : rps({ 'web-1': 0, 'web-2': 0 })) }
    expect(value((await readings([{ type: 'ErrorRatio', threshold: 0.01 }], idle)).readings[0])).toBeCloseTo(0.3)
  })

  test('a latency is asked for at the percentile that was promised', async () => {
    const { readings: all, queries } = await readings([latency, { ...latency, percentile: 99.9 }], {
      rows: query => (query.includes('histogram_quantile(0.95,') ? rps({ 'web-1': 0.02, 'web-2': 0.02 }) : []),
    })
    expect(value(all[0])).toBeCloseTo(0.02)
    expect(all[1]?.kind).toBe('missing')
    expect(queries.some(query => query.includes('histogram_quantile(0.999,'))).toBe(true)
  })

  test("the object's own metric of that name tells it, whatever its type", async () => {
    const own: MetricSpec = { type: 'External', metric: 'queue_age', target: { type: 'Value', value: 1000 } }
    const plain = workload([own], { drivers: [] })
    const objectives: Objective[] = [{ type: 'Guard', metric: 'queue_age', min: 1 }]
    const { sources, buffer } = bed()
    buffer.accept({ metrics: [{ namespace: 'shop', workload: 'web', name: 'queue_age', value: 0.0004 }] })
    const measured = await sources.read({ ...plain, target: { ...plain.target, objectives } })
    expect(measured.objectives).toEqual([{ kind: 'value', at: START, value: 0.0004 }])
  })

  test('utilization is in percent of what the pods requested, by containers or by the pod', async () => {
    const plain = workload([], { drivers: [] })
    const read = async (pods: readonly ReturnType<typeof podOf>[]) => {
      const { sources } = bed({ answers: { [METRICS_PATH]: metricsList(['web-1', '390m'], ['web-2', '390m']) } })
      const target = {
        ...plain.target,
        objectives: [{ type: 'Utilization', resource: 'cpu', percent: 80 }] satisfies Objective[],
      }
      return value((await sources.read({ ...plain, target, pods })).objectives?.[0])
    }
    const containers = [{ name: 'app', requests: { cpu: 500 } }]
    expect(await read([podOf('web-1', { containers }), podOf('web-2', { requests: { cpu: 500 } })])).toBeCloseTo(80)
    expect(await read([podOf('web-1')])).toBe('NoData: cpu cannot be told from what was measured')
  })
})
