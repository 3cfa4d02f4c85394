import type { Screen } from '../rules.ts'
import { type AnomalySettings, anomaly } from './anomaly.ts'
import { type AttackSettings, attack } from './attack.ts'
import { type JumpSettings, jump } from './jump.ts'
import { type QualitySettings, quality } from './quality.ts'

export interface ScreenSettings {
  readonly quality?: QualitySettings
  readonly jump?: JumpSettings
  readonly attack?: AttackSettings
  readonly anomaly?: AnomalySettings
}

/** Quality comes first: what cannot be true is not scored, and never teaches the others; an absurd jump neither. */
export function screensInOrder(settings: ScreenSettings = {}): readonly Screen[] {
  return [quality(settings.quality), jump(settings.jump), attack(settings.attack), anomaly(settings.anomaly)]
}
