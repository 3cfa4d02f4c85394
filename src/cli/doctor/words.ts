import { DEFAULT_SERVER } from '../default-server.ts'
import type { Case } from './check.ts'
import type { Past } from './past.ts'

/** "45 s", "12 min", "3.2 h". */
export function lasting(ms: number): string {
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`
  return ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`
}

/** "12 min of the last 3.2 h". */
export const ofPast = (ms: number, past: Past) => `${lasting(ms)} of the last ${lasting(past.ms)}`

export const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`

/** One decimal: 12.0. */
export const tenth = (value: number) => value.toFixed(1)

/** ", 2.40 USD a day", where the price is known. */
export function costADay(replicas: number, { workload: { price, currency = 'USD' } }: Case): string {
  return price === undefined ? '' : `, ${(replicas * price * 24).toFixed(2)} ${currency} a day`
}

/** The command that tells the whole argument of one decision, asked of the same server. */
export function explainCommand({ workload: { namespace, name }, server }: Case, time?: string): string {
  const at = time === undefined ? '' : ` --at ${time}`
  const where = server === DEFAULT_SERVER ? '' : ` --server ${server}`
  return `crescendo explain ${name} --namespace ${namespace}${at}${where}`
}
