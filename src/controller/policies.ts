import { CrescendoError } from '../errors.ts'
import type { Clock } from '../ports.ts'
import type { ControllerConfiguration, HorizontalPodAutoscaler, ScalingPolicy } from '../resources/documents.ts'
import { resolveSettings } from '../resources/policy.ts'
import type { Settings } from '../resources/settings.ts'
import type { Autoscaler } from './objects.ts'

export interface SettingsOptions {
  readonly clock: Clock
  /** The library that comes with the product. */
  readonly defaults: readonly ScalingPolicy[]
  /** Those of the cluster; one that is called like a default replaces it. */
  readonly cluster: () => readonly ScalingPolicy[]
  readonly configuration?: ControllerConfiguration
}

/**
 * The settings in force for an object, kept while neither it nor any policy changed. Where the newest policies make no sense, what held
 * before them goes on, and says so; where nothing held before, it throws.
 */
export interface SettingsOf {
  (object: Autoscaler): Settings
  /** A policy of the cluster changed: everything is resolved anew. */
  forget(): void
  /** The object is gone. */
  drop(uid: string): void
}

type Policies = readonly ScalingPolicy[]

interface Kept {
  readonly resourceVersion: string
  readonly expired: boolean
  readonly settings: Settings
  /** Those that the settings were made with: the newest that made sense. */
  readonly policies: Policies
  /** A policy has changed since. */
  readonly isStale?: true
}

export function createSettings({ clock, defaults, cluster, configuration }: SettingsOptions): SettingsOf {
  const kept = new Map<string, Kept>()
  let policies: Policies | undefined
  const resolve = (document: HorizontalPodAutoscaler, policies: Policies): Settings => {
    const resolved = resolveSettings({ policies, object: document, ...(configuration && { configuration }) })
    return { ...resolved, warnings: [...resolved.warnings, ...otherCurrency(resolved, configuration)] }
  }
  const settingsOf = (object: Autoscaler): Settings => {
    if ('problem' in object.checked) throw new Error(object.checked.problem)
    const { document } = object.checked
    const expired = hasExpired(document, clock)
    const before = kept.get(object.uid)
    const isAsItWas = before?.resourceVersion === object.resourceVersion && before.expired === expired
    if (before !== undefined && isAsItWas && !before.isStale) return before.settings
    policies ??= [...defaults, ...cluster()]
    const own = expired ? withoutMode(document) : document
    const made = soundest([policies, ...(before ? [before.policies] : [])], library => resolve(own, library))
    kept.set(object.uid, { resourceVersion: object.resourceVersion, expired, ...made })
    return made.settings
  }
  return Object.assign(settingsOf, {
    forget: () => {
      policies = undefined
      for (const [uid, one] of kept) kept.set(uid, { ...one, isStale: true })
    },
    drop: (uid: string) => void kept.delete(uid),
  })
}

/** By the newest policies that make sense for the object: the others' refusal is told. Throws the first where none do. */
function soundest(
  candidates: readonly Policies[],
  resolve: (policies: Policies) => Settings,
): Pick<Kept, 'policies' | 'settings'> {
  let refusal: CrescendoError | undefined
  for (const policies of candidates) {
    try {
      const settings = resolve(policies)
      return { policies, settings: refusal === undefined ? settings : { ...settings, refused: refusal.message } }
    } catch (cause) {
      if (!(cause instanceof CrescendoError)) throw cause
      refusal ??= cause
    }
  }
  throw refusal
}

const DEFAULT_CURRENCY = 'USD'

/** Prices are in the currency of the configuration, and nobody converts. */
function otherCurrency({ budget }: Settings, configuration: ControllerConfiguration | undefined): readonly string[] {
  const priced = configuration?.cost?.currency ?? DEFAULT_CURRENCY
  if (budget === undefined || budget.currency === priced) return []
  return [`the budget is in ${budget.currency} and prices are in ${priced} (cost.currency): they are compared as they stand`]
}

function hasExpired({ spec }: HorizontalPodAutoscaler, clock: Clock): boolean {
  return spec.modeExpiresAt !== undefined && Date.parse(spec.modeExpiresAt) <= clock.now()
}

/** From then on the policy's own mode holds. */
function withoutMode(document: HorizontalPodAutoscaler): HorizontalPodAutoscaler {
  const { mode: _, modeExpiresAt: __, ...spec } = document.spec
  return { ...document, spec }
}
