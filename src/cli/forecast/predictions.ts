import type { Prediction } from './evaluate.ts'

export const PREDICTIONS_HEADER = 'file,origin,target,q50,q90,q95,q99\n'

/** One row of `--predictions`: times in epoch seconds, numbers as exact as they are, so that every figure can be computed again. */
export function predictionRow(file: string, { origin, target, quantiles }: Prediction): string {
  return `${csvField(file)},${origin / 1000},${target / 1000},${quantiles.join(',')}\n`
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
