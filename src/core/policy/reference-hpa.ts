import { stockReach } from '../hpa/rate.ts'
import { stockSettings } from '../hpa/settings.ts'
import { type Kept, numbersPart, partsOf } from '../state.ts'
import { createFleet, type Fleet, fleetPart } from './replay.ts'

/**
 * The stock HPA on one total-load metric and without `behavior`, in a form that is cheap enough to replay for many targets: the
 * tuner's yardstick for how many scaling actions are usual. A test holds it to `hpaRules`, tick by tick.
 */
export interface ReferenceHpa extends Kept {
  readonly fleet: Fleet
  /** One decision from the mean load of the last minute, in replicas; `undefined` when it is missing: replicas stay. */
  decide(load: number | undefined): void
}

export interface ReferenceOptions {
  /** The HPA's target as a share of what a replica carries. */
  readonly share: number
  readonly startupTicks: number
  readonly periodMs: number
  readonly minReplicas: number
  readonly maxReplicas: number
  readonly replicas: number
}

export function createReferenceHpa(options: ReferenceOptions): ReferenceHpa {
  const { share, minReplicas, maxReplicas } = options
  const fleet = createFleet(options.startupTicks, options.replicas)
  const window = Math.floor(stockSettings.downscaleStabilizationMs / options.periodMs) + 1
  const wishes = new Int32Array(window).fill(options.replicas)
  let decisions = 0
  const count = () =>
    numbersPart(
      () => [decisions],
      ([value = 0]) => {
        decisions = value
      },
    )
  return {
    part: () => partsOf({ fleet: fleetPart(fleet), wishes, count: count() }),
    fleet,
    decide(load) {
      if (load === undefined) {
        // The window is one of time: a tick that wanted nothing lets the oldest wish go.
        wishes[decisions++ % window] = 0
        return
      }
      const now = fleet.replicas
      const ratio = load / (share * now)
      const tolerance = stockSettings.tolerance
      const wish = ratio >= 1 - tolerance && ratio <= 1 + tolerance ? now : Math.ceil(load / share - 1e-9)
      wishes[decisions++ % window] = wish
      let stable = wish
      for (let i = 0; i < window; i++) if (wishes[i]! > stable) stable = wishes[i]!
      const upper = Math.min(stockReach(now, stockSettings), maxReplicas)
      const next = Math.max(minReplicas, Math.min(upper, stable))
      if (next === now) return
      fleet.replicas = next
      fleet.actions += 1
    },
  }
}
