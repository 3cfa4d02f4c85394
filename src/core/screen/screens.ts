import type { Screen } from '../rules.ts'
import { type AnomalySettings, anomaly } from './anomaly.ts'
import { type AttackSettings, attack } from './attack.ts'
import { type BurnSettings, burn } from './burn.ts'
import { type JumpSettings, jump } from './jump.ts'
import { type OutageSettings, outage } from './outage.ts'
import { type QualitySettings, quality } from './quality.ts'

export interface ScreenSettings {
  readonly quality?: QualitySettings
  readonly jump?: JumpSettings
  readonly attack?: AttackSettings
  readonly anomaly?: AnomalySettings
  /** Absent: nobody looks for outages. */
  readonly outage?: OutageSettings
  /** Absent: the target promises nothing. */
  readonly burn?: BurnSettings
}

/**
 * Quality comes first: what cannot be true is not scored, and never teaches the others; an absurd jump neither. Only an outage is looked
 * for before it, because a fall is what it looks for; burn rates need no demand.
 */
export function screensInOrder(settings: ScreenSettings = {}): readonly Screen[] {
  return [
    ...(settings.outage ? [outage(settings.outage)] : []),
    ...(settings.burn ? [burn(settings.burn)] : []),
    quality(settings.quality),
    jump(settings.jump),
    attack(settings.attack),
    anomaly(settings.anomaly),
  ]
}
