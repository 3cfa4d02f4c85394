import { readExposition } from '../../observe/open-metrics-text.ts'
import { quote } from '../../observe/series-row.ts'
import { shapes, type WorkloadView } from '../../show/contract.ts'
import { ask, askText, Unanswered } from '../ask-server.ts'
import type { Case, House, Unread } from './check.ts'
import { SAMPLES } from './controller-checks.ts'
import { pastOf } from './past.ts'

/** As many as the API gives: with one decision in 15 s four hours, with the one in 5 min that a calm object keeps three days. */
const DECISIONS = 1000
/** Far above what 5,000 objects with 60 series make. */
const LIMITS = { maxLines: 1_000_000, maxSamples: 200_000 }

export interface Wanted {
  /** Absent: every workload. */
  readonly name?: string
  readonly namespace?: string
}

export interface FactsRead {
  readonly time: string
  readonly house: House
  /** One after the other, asked for as they are wanted: a thousand records at once would be gigabytes. */
  readonly cases: AsyncIterable<Case>
}

/** Everything that the checks look at. Throws `Unanswered` where nobody answers or knows the workload; other gaps are told by the checks. */
export async function readFacts(server: URL, wanted: Wanted): Promise<FactsRead> {
  const { time, workloads } = await ask(server, 'api/v1/workloads', shapes.workloads)
  const chosen = chosenOf(workloads, wanted, server)
  const alerts = await orWhy(async () => (await ask(server, 'api/v1/alerts', shapes.alerts)).alerts)
  const asked = { alerts, server: server.href.replace(/\/$/, '') }
  async function* cases(): AsyncGenerator<Case> {
    for (const workload of chosen) yield { workload, ...(await recordOf(server, workload, Date.parse(time))), ...asked }
  }
  return { time, house: { samples: await orWhy(() => samplesOf(server)) }, cases: cases() }
}

function chosenOf(workloads: readonly WorkloadView[], { name, namespace }: Wanted, server: URL): readonly WorkloadView[] {
  const chosen = workloads.filter(one => (name ?? one.name) === one.name && (namespace ?? one.namespace) === one.namespace)
  if (chosen.length > 0 || (name === undefined && namespace === undefined)) return chosen
  const sought = name === undefined ? `in the namespace ${quote(namespace ?? '')}` : quote(name)
  const known = workloads.map(one => `${one.namespace}/${one.name}`).join(', ')
  throw new Unanswered(`no workload ${sought} at ${server.origin}; it knows ${known || 'none'}`)
}

async function recordOf(server: URL, { namespace, name }: WorkloadView, now: number): Promise<Pick<Case, 'past' | 'forecast'>> {
  const path = `api/v1/workloads/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`
  const past = async () => {
    const { decisions } = await ask(server, `${path}/decisions?limit=${DECISIONS}`, shapes.decisions)
    return pastOf(decisions, now)
  }
  return {
    past: await orWhy(past),
    forecast: await orWhy(() => ask(server, `${path}/forecast`, shapes.forecast)),
  }
}

async function samplesOf(server: URL) {
  const read = readExposition(await askText(server, 'metrics'), new Set(SAMPLES), LIMITS)
  if (read.kind === 'found') return read.value
  throw new Unanswered(`/metrics of ${server.origin}: ${read.why}`)
}

async function orWhy<T>(read: () => Promise<T>): Promise<T | Unread> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof Unanswered) return { unread: error.message }
    throw error
  }
}
