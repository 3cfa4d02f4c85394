import type { Instant } from '../model.ts'
import type { Forecaster, Lender, Restorable } from '../rules.ts'
import { listPart, type Part, partsOf, restorable, restorablePart } from '../state.ts'

type Accumulator = Forecaster & Restorable & Lender

/** More values than that are not kept back, whatever their times. */
const MOST_KEPT = 400
const GAP = -1

/**
 * A forecaster that is made only after `afterMs` of values: until then they are kept, then it is taught them all. Models of a target
 * that is an hour old cost memory and know nothing. `afterMs` must be shorter than the time for which it would abstain anyway.
 * Where another one lends what it knows, it is made at once.
 */
export function late(create: () => Accumulator, { name, afterMs }: { readonly name: string; readonly afterMs: number }) {
  let inner: Accumulator | undefined
  let kept: readonly { readonly at: Instant; readonly demand: number | undefined }[] = []
  const begin = (made = create()) => {
    for (const { at, demand } of kept) made.absorb(at, demand)
    inner = made
    kept = []
  }
  const values = () =>
    listPart(
      2 * MOST_KEPT,
      () => kept.flatMap(({ at, demand = GAP }) => [at, demand]),
      flat => {
        const places = Array.from({ length: Math.floor(flat.length / 2) }, (_, i) => 2 * i)
        kept = places.map(i => ({ at: flat[i]!, demand: flat[i + 1] === GAP ? undefined : flat[i + 1] }))
      },
    )
  const model = (): Part => ({
    save: () => (inner === undefined ? [] : [inner.snapshot()]),
    load: state => {
      if (!Array.isArray(state) || state.length > 1) return false
      inner = state.length === 0 ? undefined : create()
      return inner === undefined || restorablePart(inner).load(state[0])
    },
  })
  return {
    name,
    absorb(at, demand) {
      if (inner !== undefined) return inner.absorb(at, demand)
      if (kept.length === 0 && demand === undefined) return
      kept = [...kept, { at, demand }]
      if (at - kept[0]!.at >= afterMs || kept.length >= MOST_KEPT) begin()
    },
    lend: () => inner?.lend(),
    borrow(prior) {
      if (inner !== undefined) return inner.borrow(prior)
      const made = create()
      if (!made.borrow(prior)) return false
      begin(made)
      return true
    },
    prior: () => inner?.prior() ?? 'open',
    champion: () => inner?.champion?.(),
    predict: now => inner?.predict(now) ?? { abstains: 'too little history' },
    ...restorable(() => ({ kind: `late ${name} ${afterMs}`, version: 1 }), {
      part: () => partsOf({ values: values(), model: model() }),
    }),
  } satisfies Accumulator
}
