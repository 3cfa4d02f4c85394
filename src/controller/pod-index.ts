import { parseSelector, type Selector, selects } from '../core/hpa/selector.ts'
import type { WatchedPod } from './objects.ts'

/** Pods by namespace and label, so that finding those of one workload costs what it has, not what the namespace has. */
export interface PodIndex {
  set(pod: WatchedPod): void
  remove(namespace: string, name: string): void
  /** The pods that a label selector selects; empty where the selector is none. */
  select(namespace: string, selector: string): readonly WatchedPod[]
}

type Pods = Map<string, WatchedPod>

export function createPodIndex(): PodIndex {
  const byNamespace = new Map<string, Pods>()
  const byLabel = new Map<string, Pods>()
  const selectors = new Map<string, Selector | undefined>()
  const remove = (namespace: string, name: string) => {
    const before = byNamespace.get(namespace)?.get(name)
    if (before === undefined) return
    drop(byNamespace, namespace, name)
    for (const key of labelKeys(before)) drop(byLabel, key, name)
  }
  const parsed = (text: string) => {
    if (!selectors.has(text)) {
      if (selectors.size >= MAX_SELECTORS) selectors.clear()
      selectors.set(text, text === '' ? undefined : parseSelector(text))
    }
    return selectors.get(text)
  }
  return {
    set(pod) {
      remove(pod.namespace, pod.name)
      add(byNamespace, pod.namespace, pod)
      for (const key of labelKeys(pod)) add(byLabel, key, pod)
    },
    remove,
    select(namespace, text) {
      const selector = parsed(text)
      if (selector === undefined) return []
      const candidates = fewest(selector, { namespace, byLabel }) ?? byNamespace.get(namespace)
      return [...(candidates?.values() ?? [])].filter(pod => selects(selector, pod))
    },
  }
}

/** Selectors come from specs; a spec that changes all day may not fill the memory. */
const MAX_SELECTORS = 50_000

const labelKey = (namespace: string, key: string, value: string) => `${namespace}/${key}=${value}`
const labelKeys = ({ namespace, labels }: WatchedPod) =>
  Object.entries(labels).map(([key, value]) => labelKey(namespace, key, value))

function add(index: Map<string, Pods>, key: string, pod: WatchedPod): void {
  const pods = index.get(key) ?? new Map<string, WatchedPod>()
  index.set(key, pods.set(pod.name, pod))
}

function drop(index: Map<string, Pods>, key: string, name: string): void {
  const pods = index.get(key)
  pods?.delete(name)
  if (pods?.size === 0) index.delete(key)
}

/** The smallest set of pods that one plain equality of the selector leaves; a label that no pod has leaves none. */
function fewest(selector: Selector, { namespace, byLabel }: { namespace: string; byLabel: Map<string, Pods> }): Pods | undefined {
  let best: Pods | undefined
  for (const { key, values, negated } of selector) {
    if (negated || values?.length !== 1) continue
    const pods = byLabel.get(labelKey(namespace, key, values[0]!)) ?? new Map<string, WatchedPod>()
    if (best === undefined || pods.size < best.size) best = pods
  }
  return best
}
