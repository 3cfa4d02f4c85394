import type { Stroke } from '../../page/markup.ts'

/** How a scaler is drawn everywhere on the page. */
interface ScalerStyle extends Stroke {
  /** Ours is the wide, filled line, and the only one whose violations are red. */
  readonly ours?: boolean
}

const STYLES: Readonly<Record<string, ScalerStyle>> = {
  crescendo: { colour: '--c-ready', ours: true },
  hpa: { colour: '--c-hpa' },
  'hpa-tuned': { colour: '--c-tuned', dash: [6, 3] },
  'hpa-history': { colour: '--c-tuned', dash: [2, 2] },
  keda: { colour: '--c-keda' },
  kpa: { colour: '--c-kpa', dash: [6, 3] },
  'static-peak': { colour: '--c-static', dash: [8, 4] },
  oracle: { colour: '--c-oracle', dash: [1, 3] },
}

export function styleOf(name: string): ScalerStyle {
  return STYLES[name] ?? { colour: '--c-other', dash: [4, 2] }
}
