import type { LabelSelector } from './upstream.ts'

/** How a metric is called in the core: its name, and which of its series count. */
export function named({ name, selector }: { readonly name: string; readonly selector?: LabelSelector }) {
  const text = selector && selectorText(selector)
  return { metric: name, ...(text && { selector: text }) }
}

/** A label selector in the form of the metrics APIs: "app=web,tier in (a,b),!canary". */
export function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const equals = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`)
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`
  })
  return [...equals, ...expressions].join(',')
}
