import type { Proposed, Proposer, Rules } from '../../core/rules.ts'
import { recall } from '../../core/rules.ts'
import { clampToBounds, TARGET_SHARE } from './share.ts'

interface KpaMemory {
  /** Demand of the last visible ticks, the newest last. */
  readonly window: readonly number[]
  /** The last time at which the panic threshold was exceeded, and the most that was wanted since panic began. */
  readonly panic?: { readonly since: number; readonly most: number }
}

const STABLE_WINDOW_MS = 60_000
const PANIC_THRESHOLD = 2
const MAX_SCALE_UP = 1000
const MAX_SCALE_DOWN = 2

/**
 * Knative's pod autoscaler (pkg/autoscaler/scaling/autoscaler.go): ceil(mean over 60 s / target); panic when the panic window
 * wants twice the ready pods, lasting 60 s after the last such moment, in which it only grows; from the ready pods at
 * most x1000 up and half down. The panic window of 6 s is shorter than our ticks, so it is the last visible tick.
 */
export function kpa(share = TARGET_SHARE): Rules {
  const proposer: Proposer = {
    name: 'kpa',
    propose({ now, target, situation, memory }): Proposed & { memory?: KpaMemory } {
      const { demand } = situation
      if (demand === undefined) return { kind: 'abstains', why: 'no metric' }
      const last = recall<KpaMemory>(memory, 'kpa', { window: [] })
      const window = [...last.window, demand].slice(-Math.max(1, Math.round(STABLE_WINDOW_MS / target.periodMs)))
      const perPod = target.capacityPerReplica * share
      const readyPods = Math.max(1, situation.observation.replicas.ready)
      const clamp = (pods: number) =>
        Math.min(Math.ceil(MAX_SCALE_UP * readyPods), Math.max(Math.floor(readyPods / MAX_SCALE_DOWN), pods))
      const mean = window.reduce((sum, value) => sum + value, 0) / window.length
      const stable = clamp(Math.ceil(mean / perPod))
      const wantedNow = Math.ceil(demand / perPod)
      const since = wantedNow / readyPods >= PANIC_THRESHOLD ? now : last.panic?.since
      if (since === undefined || now - since > STABLE_WINDOW_MS) return answer(stable, { window })
      const most = Math.max(last.panic?.most ?? readyPods, stable, clamp(wantedNow))
      return answer(most, { window, panic: { since, most } })
    },
  }
  return { name: 'kpa', screens: [], proposers: [proposer], guards: [clampToBounds] }
}

function answer(replicas: number, memory: KpaMemory): Proposed & { memory: KpaMemory } {
  return { kind: 'proposes', replicas, why: memory.panic ? 'panicking' : 'stable', memory }
}
