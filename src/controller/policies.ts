import type { Clock } from '../ports.ts'
import type { ControllerConfiguration, HorizontalPodAutoscaler, ScalingPolicy } from '../resources/documents.ts'
import { fleetSettingsFrom } from '../resources/fleet-settings.ts'
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

/** The settings in force for an object, kept while neither it nor any policy changed. */
export interface SettingsOf {
  (object: Autoscaler): Settings
  /** A policy of the cluster changed: everything is resolved anew. */
  forget(): void
  /** The object is gone. */
  drop(uid: string): void
}

interface Kept {
  readonly resourceVersion: string
  readonly expired: boolean
  readonly settings: Settings
}

export function createSettings({ clock, defaults, cluster, configuration }: SettingsOptions): SettingsOf {
  const kept = new Map<string, Kept>()
  let policies: readonly ScalingPolicy[] | undefined
  const settingsOf = (object: Autoscaler): Settings => {
    if ('problem' in object.checked) throw new Error(object.checked.problem)
    const { document } = object.checked
    const expired = hasExpired(document, clock)
    const before = kept.get(object.uid)
    if (before?.resourceVersion === object.resourceVersion && before.expired === expired) return before.settings
    policies ??= [...defaults, ...cluster()]
    const resolved = resolveSettings({
      policies,
      object: expired ? withoutMode(document) : document,
      ...(configuration && { configuration }),
    })
    refuseForeign(resolved, configuration)
    const settings = { ...resolved, warnings: [...resolved.warnings, ...otherCurrency(resolved, configuration)] }
    kept.set(object.uid, { resourceVersion: object.resourceVersion, expired, settings })
    return settings
  }
  return Object.assign(settingsOf, {
    forget: () => {
      policies = undefined
      kept.clear()
    },
    drop: (uid: string) => void kept.delete(uid),
  })
}

const DEFAULT_CURRENCY = 'USD'

/** Prices are in the currency of the configuration, and nobody converts. */
function otherCurrency({ budget }: Settings, configuration: ControllerConfiguration | undefined): readonly string[] {
  const priced = configuration?.cost?.currency ?? DEFAULT_CURRENCY
  if (budget === undefined || budget.currency === priced) return []
  return [`the budget is in ${budget.currency} and prices are in ${priced} (cost.currency): they are compared as they stand`]
}

/** A budget that shares with others is in their currency: one of its own in another could not be compared with theirs. */
function refuseForeign({ name, budget }: Settings, configuration: ControllerConfiguration | undefined): void {
  const shared = fleetSettingsFrom(configuration?.cost)
  if (shared === undefined || budget === undefined || budget.currency === shared.currency) return
  throw new Error(
    `spec.budget.currency of ${name} is ${budget.currency}, and the budgets of the configuration (cost.budgets) are in ${shared.currency}: expected one currency; write the budget in ${shared.currency}`,
  )
}

function hasExpired({ spec }: HorizontalPodAutoscaler, clock: Clock): boolean {
  return spec.modeExpiresAt !== undefined && Date.parse(spec.modeExpiresAt) <= clock.now()
}

/** From then on the policy's own mode holds. */
function withoutMode(document: HorizontalPodAutoscaler): HorizontalPodAutoscaler {
  const { mode: _, modeExpiresAt: __, ...spec } = document.spec
  return { ...document, spec }
}
