import type { ScheduledWindow, Target } from '../../core/model.ts'
import { hpaRules } from '../../core/policy/hpa-rules.ts'
import type { Rules } from '../../core/rules.ts'
import { CrescendoError } from '../../errors.ts'
import { type RunOptions, type Scenario, withLoadMetric } from '../run.ts'
import { tuneHpa } from './hpa-tuned.ts'
import { keda } from './keda.ts'
import { kpa } from './kpa.ts'
import { oracle } from './oracle.ts'
import { TARGET_SHARE } from './share.ts'
import { staticPeak } from './static-peak.ts'

/** A scaler ready to run in a scenario: fresh rules (they may hold what they learn), and the target that it follows. */
export interface Contender {
  readonly rules: Rules
  readonly target: Target
  /** Schedules that it knows of; upstream's scalers know of none. */
  readonly scheduled?: readonly ScheduledWindow[]
  /** What a reader of its figures has to know. */
  readonly note?: string
}

export type Preparing = Pick<RunOptions, 'onProgress'> & {
  /** The part behind the `@` of a name: hpa@0.5. */
  readonly share?: number
}

export type Prepare = (scenario: Scenario, options: Preparing) => Contender | Promise<Contender>

/**
 * The rivals by name. Load-driven ones aim at 70 % of a replica's safe load; `hpa`, `keda` and `kpa` take another share as
 * `hpa@0.5`. `hpa` follows the metrics of the target where it has any (that is what the stock HPA would do with that resource).
 */
export const RIVALS: Readonly<Record<string, Prepare>> = {
  hpa: (scenario, { share }) => ({
    rules: { ...hpaRules(), name: named('hpa', share) },
    target: share === undefined && scenario.target.metrics.length > 0 ? scenario.target : onLoad(scenario, share),
  }),
  'hpa-tuned': async (scenario, options) => {
    const { share, meetsBudget } = await tuneHpa(scenario, options)
    const outcome = meetsBudget ? 'the cheapest within 1.44 bad minutes a day' : 'no target meets 1.44 bad minutes a day'
    return {
      rules: { ...hpaRules(), name: 'hpa-tuned' },
      target: onLoad(scenario, share),
      note: `target ${share} chosen in hindsight on the scored part (${outcome}): unfair in its favour, on purpose`,
    }
  },
  'hpa-history': async (scenario, options) => {
    const past = historyOf(scenario)
    if (past === undefined) return { rules: { ...hpaRules(), name: 'hpa-history' }, target: onLoad(scenario), note: NO_HISTORY }
    const { share, meetsBudget } = await tuneHpa(past, options)
    const outcome = meetsBudget ? 'the cheapest within 1.44 bad minutes a day there' : 'none met 1.44 bad minutes a day there'
    const note = `target ${share} chosen on the history alone (${outcome})`
    return { rules: { ...hpaRules(), name: 'hpa-history' }, target: onLoad(scenario, share), note }
  },
  keda: (scenario, { share }) => ({ rules: { ...keda(), name: named('keda', share) }, target: onLoad(scenario, share) }),
  kpa: (scenario, { share }) => ({ rules: { ...kpa(share), name: named('kpa', share) }, target: onLoad(scenario, share) }),
  'static-peak': scenario => ({ rules: staticPeak(scenario), target: scenario.target }),
  oracle: scenario => ({ rules: oracle(scenario), target: scenario.target }),
}

const NO_HISTORY = `no history to choose a target on: ${TARGET_SHARE} as the plain hpa`

/** The part of a scenario before its score begins, as a scenario of its own; absent where there is none. */
function historyOf(scenario: Scenario): Scenario | undefined {
  const { load, scoredFrom } = scenario
  if (scoredFrom === 0) return undefined
  const { attack, clients, missing } = load
  const cut = {
    ...load,
    value: load.value.subarray(0, scoredFrom),
    ...(attack && { attack: attack.subarray(0, scoredFrom) }),
    ...(clients && { clients: clients.subarray(0, scoredFrom) }),
    ...(missing && { missing: missing.subarray(0, scoredFrom) }),
  }
  return { ...scenario, load: cut, scoredFrom: 0 }
}

/** `prepare("hpa@0.5", ...)`. `table` may hold more than the rivals (crescendo itself). Throws on a name that is not in it. */
export async function prepare(
  name: string,
  scenario: Scenario,
  { table = RIVALS, ...options }: RunOptions & { readonly table?: Readonly<Record<string, Prepare>> } = {},
): Promise<Contender> {
  const { base, share } = parseScaler(name, Object.keys(table))
  return table[base]!(scenario, { ...options, ...(share !== undefined && { share }) })
}

/** "hpa@0.5" is the hpa with a share of 0.5. Throws on what is not among `known`, and on a share where none is taken. */
export function parseScaler(name: string, known: readonly string[]): { readonly base: string; readonly share?: number } {
  const [, base = name, at] = /^([^@]+)@(.*)$/.exec(name) ?? []
  if (!known.includes(base)) throw unknownScaler(name, known)
  if (at === undefined) return { base }
  const share = Number(at)
  if (Object.hasOwn(SHARED, base) && share > 0 && share <= 2) return { base, share }
  throw new CrescendoError(
    'CRS_USAGE',
    `--scalers: "${name}" is not understood; ${Object.keys(SHARED).join(', ')} take a share of the safe load above 0 and up to 2, as in hpa@0.5`,
  )
}

const SHARED = { hpa: true, keda: true, kpa: true } as const

function unknownScaler(name: string, known: readonly string[]): CrescendoError {
  return new CrescendoError(
    'CRS_USAGE',
    `--scalers: there is no scaler "${name}"; there are ${known.join(', ')} (and hpa@0.5 for another target)`,
  )
}

function named(base: string, share: number | undefined): string {
  return share === undefined ? base : `${base}@${share}`
}

/** Upstream's limits hold for load-driven rivals: a `behavior` belongs to the metrics that it was written with. */
function onLoad({ target, metricScale }: Scenario, share = TARGET_SHARE): Target {
  const { behavior: _, ...stock } = target
  return withLoadMetric(stock, share, metricScale)
}

/** The target with its own metrics, and where it has none with the load metric at 70 % of the safe load. */
export function followed(scenario: Scenario): Target {
  const { target, metricScale } = scenario
  return target.metrics.length === 0 ? withLoadMetric(target, TARGET_SHARE, metricScale) : target
}
