import { escapeHtml, type Stroke } from '../../page/markup.ts'
import { type Column, type Line, thinLine } from '../../page/thin.ts'
import { type Steps, valueAt } from './steps.ts'

export const ACTUAL: Stroke = { colour: '--c-load' }
export const MEDIAN: Stroke = { colour: '--c-ready' }
export const BAND: Stroke = { colour: '--c-forecast', dash: [2, 3] }

/** Points a line may have on the page is twice that. */
const BUCKETS = 10_000

/** Thinned, with seconds since `startAt`. */
export function lineOf(column: Column, startAt: number): Line {
  return thinLine(column, BUCKETS, startAt)
}

/** What came in the steps from `first` to the end; a gap lifts the pen. */
export function actualsFrom(steps: Steps, first: number): Column {
  const indices = Array.from({ length: Math.max(0, steps.value.length - first) }, (_, index) => first + index)
  return { at: indices.map(step => timeOf(steps, step)), value: indices.map(step => valueAt(steps, step)) }
}

/** When the last sample of a step was taken; in a gap, when the step ended. */
export function timeOf({ present, at, startMs, stepMs }: Steps, step: number): number {
  return present[step] === 1 ? at[step]! : startMs + step * stepMs
}

/** One series of the page. `body` is markup. */
export function seriesSection(id: string, file: string, body: string): string {
  return `<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${escapeHtml(file)}</h2>
${body}
</section>`
}

export function sentence(markup: string): string {
  return `<p class="answer">${markup}</p>`
}
