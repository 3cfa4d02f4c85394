import { reactive } from '../decide/reactive.ts'
import { bounds } from '../guard/bounds.ts'
import { pace } from '../guard/pace.ts'
import { stabilise } from '../guard/stabilise.ts'
import { type HpaSettings, stockSettings } from '../hpa/settings.ts'
import type { Rules } from '../rules.ts'

/** The stock HorizontalPodAutoscaler as rules of our loop: the same replicas, tick by tick, as `reconcile`. */
export function hpaRules(settings: HpaSettings = stockSettings): Rules {
  return {
    name: 'hpa',
    screens: [],
    proposers: [reactive(settings)],
    guards: [stabilise(settings), pace(settings), bounds()],
  }
}
