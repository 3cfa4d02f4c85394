import type { Pod } from '../model.ts'

export interface LabelledPod extends Pod {
  readonly labels: Readonly<Record<string, string>>
}

interface Requirement {
  readonly key: string
  /** In one of these; `undefined`: any value. */
  readonly values?: readonly string[]
  readonly negated: boolean
}

/** All must hold. */
export type Selector = readonly Requirement[]

const KEY = '(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?'
const VALUE = '(?:[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?'
const EQUALITY = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*(${VALUE})$`)
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(\\s*(${VALUE}(?:\\s*,\\s*${VALUE})*)\\s*\\)$`)
const EXISTS = new RegExp(`^(!?)\\s*(${KEY})$`)

/** Label selector text as the scale subresource carries it ("app=web,tier in (a, b),!old"); `undefined` where it is not one. */
export function parseSelector(text: string): Selector | undefined {
  const requirements = text.split(/,(?![^(]*\))/).map(part => requirement(part.trim()))
  return requirements.every(one => one !== undefined) ? requirements : undefined
}

function requirement(text: string): Requirement | undefined {
  const equality = EQUALITY.exec(text)
  if (equality) return { key: equality[1] ?? '', values: [equality[3] ?? ''], negated: equality[2] === '!=' }
  const set = SET.exec(text)
  if (set) return { key: set[1] ?? '', values: (set[3] ?? '').split(',').map(one => one.trim()), negated: set[2] === 'notin' }
  const exists = EXISTS.exec(text)
  return exists ? { key: exists[2] ?? '', negated: exists[1] === '!' } : undefined
}

/** A label that is absent satisfies every negated requirement. */
export function selects(selector: Selector, { labels }: Pick<LabelledPod, 'labels'>): boolean {
  return selector.every(({ key, values, negated }) => {
    const label = Object.hasOwn(labels, key) ? labels[key] : undefined
    const holds = label !== undefined && (values === undefined || values.includes(label))
    return holds !== negated
  })
}

export type Selection =
  | { readonly kind: 'selected'; readonly pods: readonly LabelledPod[] }
  | {
      readonly kind: 'refused'
      readonly event: 'SelectorRequired' | 'InvalidSelector' | 'AmbiguousSelector'
      readonly reason: 'InvalidSelector' | 'AmbiguousSelector'
      readonly why: string
    }

/** The pods behind a scale, unless its selector is missing or wrong, or another HPA claims one of them too. */
export function selection(selector: string, pods: readonly LabelledPod[], others: readonly string[]): Selection {
  if (selector === '') {
    const why = "the HPA target's scale is missing a selector"
    return { kind: 'refused', event: 'SelectorRequired', reason: 'InvalidSelector', why }
  }
  const mine = parseSelector(selector)
  if (mine === undefined) {
    const why = `couldn't convert selector into a corresponding internal selector object: "${selector}" is no label selector`
    return { kind: 'refused', event: 'InvalidSelector', reason: 'InvalidSelector', why }
  }
  const selected = pods.filter(pod => selects(mine, pod))
  const rivals = others.map(parseSelector).filter(one => one !== undefined)
  const claimed = selected.find(pod => rivals.some(rival => selects(rival, pod)))
  if (claimed === undefined) return { kind: 'selected', pods: selected }
  const why = `pods by selector ${selector} are controlled by multiple HPAs: ${claimed.name} is one of them`
  return { kind: 'refused', event: 'AmbiguousSelector', reason: 'AmbiguousSelector', why }
}
