import type { ExposedSample } from '../../observe/open-metrics-text.ts'
import type { AlertView, ForecastView, WorkloadView } from '../../show/contract.ts'
import type { Past } from './past.ts'

/** The three classic troubles of an autoscaler. */
export const TROUBLES = ['slow scaling', 'cost overrun', 'degraded performance'] as const
type Trouble = (typeof TROUBLES)[number]

/** What one check came to: nothing, with the figures that say so; a finding; or that it cannot be made, and why. */
export type Outcome =
  | { readonly kind: 'clear'; readonly evidence: string }
  | { readonly kind: 'finding'; readonly what: string; readonly evidence: string; readonly fix: string }
  | { readonly kind: 'unable'; readonly why: string }

/** One question to the facts that are served. A pure function: no clock, no network. */
export interface Check<Subject> {
  readonly name: string
  readonly trouble: Trouble
  /** In a few words, for the page and for `--json`. */
  readonly asks: string
  readonly examine: (subject: Subject) => Outcome
}

/** A page that could not be read, and why. */
export interface Unread {
  readonly unread: string
}

/** What is known of one workload. */
export interface Case {
  readonly workload: WorkloadView
  readonly past: Past | Unread
  readonly forecast: ForecastView | Unread
  /** What is wrong right now, of everything that the server knows. */
  readonly alerts: readonly AlertView[] | Unread
  /** Where it was asked, as the command line names it. */
  readonly server: string
}

/** What a controller says about itself: the samples of `/metrics`. */
export interface House {
  readonly samples: readonly ExposedSample[] | Unread
}

export const clear = (evidence: string): Outcome => ({ kind: 'clear', evidence })
export const unable = (why: string): Outcome => ({ kind: 'unable', why })
export const finding = (what: string, { evidence, fix }: { readonly evidence: string; readonly fix: string }): Outcome => ({
  kind: 'finding',
  what,
  evidence,
  fix,
})

const HOUR_MS = 3_600_000

/** A check of what was decided: it cannot be made before that many hours are recorded. */
export function onPast(hours: number, judge: (past: Past, known: Case) => Outcome): (known: Case) => Outcome {
  return known => {
    const { past } = known
    if ('unread' in past) return unable(past.unread)
    const recorded = (past.ms / HOUR_MS).toFixed(1)
    if (past.ms < hours * HOUR_MS) return unable(`${recorded} h of decisions are recorded, and it takes ${hours}`)
    return judge(past, known)
  }
}

/** A check that needs the load in replicas too. */
export function onLoad(hours: number, judge: (past: Past, known: Case & { readonly capacity: number }) => Outcome) {
  return onPast(hours, (past, known) => {
    const { capacityPerReplica: capacity } = known.workload
    if (capacity === undefined) return unable('nothing says what load a replica serves (capacityPerReplica)')
    if (past.spans.every(({ decision }) => decision.demand === undefined)) return unable('no decision knew the load')
    return judge(past, { ...known, capacity })
  })
}

/** A check of one condition of the object, as it is now. */
export function onCondition(
  type: string,
  judge: (found: WorkloadView['conditions'][number], known: Case) => Outcome,
  absent: (known: Case) => Outcome = () => unable(`the object has no condition ${type}`),
): (known: Case) => Outcome {
  return known => {
    const found = known.workload.conditions.find(one => one.type === type)
    if (found !== undefined) return judge(found, known)
    return known.workload.lastDecision === undefined ? unable('nothing was decided yet') : absent(known)
  }
}
