import type { Instant } from '../model.ts'
import { isAlike, listPart, type Part, partsOf, restorable, restorablePart } from '../state.ts'
import type { PathModel } from './path-model.ts'
import { type DailyShape, partOfDay, SHAPE_PARTS } from './transfer.ts'

/** A model that may begin with the daily shape of another service, until it knows days of its own. */
export interface Transferred extends PathModel {
  /** Whether the shape of another service would be of use: there is none, and not two days of its own. */
  wantsShape(): boolean
  /** Takes one in; nothing where none is wanted. */
  takeShape(shape: DailyShape): void
  /** Whose shape it has; absent where it has none. */
  readonly borrowsFrom: string | undefined
}

/** From then on yesterday and the day before are the service's own. */
const FADED_MS = 2 * 86_400_000
/** The level is the load over the shape, in a fading mean of so long. */
const LEVEL_MS = 900_000
/** Model and shape are judged by what they said of the time so far ahead. */
const JUDGED_MS = 1_800_000
/** Errors fade with a time constant of four hours. */
const ERRORS_MS = 4 * 3_600_000

/**
 * `model`, mixed with "the level of now times another service's day". The share of the latter is what its matured errors earn
 * beside those of the model (inverse squares; half before there are any), times what is left of it: all at the first value,
 * nothing after two days. Without a shape it is `model` exactly. `stepMs`: distance of two absorbed values.
 */
export function transferred(model: PathModel, { stepMs }: { readonly stepMs: number }): Transferred {
  const ahead = Math.max(1, Math.round(JUDGED_MS / stepMs))
  let lent: Lent | undefined
  let times: readonly [first: Instant, last: Instant] | undefined

  const left = () => (times === undefined ? 1 : Math.max(0, 1 - (times[1] - times[0]) / FADED_MS))
  const wantsShape = () => lent === undefined && left() > 0
  const begin = (shape: DailyShape) => createLent(shape, { stepMs, ahead })
  const timesPart = listPart(
    2,
    () => times ?? [],
    ([first, last]) => {
      times = first === undefined || last === undefined ? undefined : [first, last]
    },
  )
  const lentPart: Part = {
    save: () => (lent === undefined ? [] : [lent.from, lent.shape.slice(), lent.numbers.slice()]),
    load: state => {
      if (!Array.isArray(state)) return false
      const [from, shape, numbers] = state as readonly unknown[]
      lent = undefined
      if (from === undefined) return true
      if (typeof from !== 'string' || !isAlike(shape, new Float32Array()) || shape.length !== SHAPE_PARTS) return false
      const read = begin({ from, shape: shape.slice() })
      if (!isAlike(numbers, read.numbers) || numbers.length !== read.numbers.length) return false
      read.numbers.set(numbers)
      lent = read
      return true
    },
  }
  return {
    get name() {
      return lent === undefined ? model.name : `${model.name} with the day of ${lent.from}`
    },
    get stage() {
      return model.stage
    },
    get borrowsFrom() {
      return lent?.from
    },
    wantsShape,
    takeShape(shape) {
      if (wantsShape()) lent = begin(shape)
    },
    absorb(at, value) {
      model.absorb(at, value)
      if (times === undefined && value === undefined) return
      times = [times?.[0] ?? at, at]
      if (left() === 0) lent = undefined
      lent?.follow(at, value, model)
    },
    predict(path) {
      const abstains = model.predict(path)
      if (abstains === undefined && times !== undefined) lent?.mixInto(path, times[1], left())
      return abstains
    },
    ...restorable(() => ({ kind: `transferred ${stepMs}`, version: 1 }), {
      part: () => partsOf({ model: restorablePart(model), times: timesPart, lent: lentPart }),
    }),
  }
}

interface Lent extends DailyShape {
  /** Everything that changes: level, steps so far, errors of the model and of the shape, what both said at the last steps. */
  readonly numbers: Float64Array
  /** After the model took the value in. */
  follow(at: Instant, value: number | undefined, model: PathModel): void
  mixInto(path: Float64Array, now: Instant, left: number): void
}

function createLent({ from, shape }: DailyShape, { stepMs, ahead }: { readonly stepMs: number; readonly ahead: number }): Lent {
  const numbers = new Float64Array(4 + 2 * ahead)
  const [levelGain, errorFade] = [1 - Math.exp(-stepMs / LEVEL_MS), Math.exp(-stepMs / ERRORS_MS)]
  const path = new Float64Array(ahead)
  const shapeAt = (at: Instant) => shape[partOfDay(at)]!
  const judge = (slot: number, value: number) => {
    for (const one of [0, 1]) numbers[2 + one] = numbers[2 + one]! * errorFade + Math.abs(value - numbers[slot + one]!)
  }
  return {
    from,
    shape,
    numbers,
    follow(at, value, model) {
      const [level = 0, steps = 0] = numbers
      if (steps === 0 && value === undefined) return
      const slot = 4 + 2 * (steps % ahead)
      if (value !== undefined) {
        if (steps >= ahead) judge(slot, value)
        const now = value / shapeAt(at)
        numbers[0] = steps === 0 ? now : level + (now - level) * levelGain
      }
      model.predict(path)
      numbers[slot] = path[ahead - 1]!
      numbers[slot + 1] = numbers[0]! * shapeAt(at + ahead * stepMs)
      numbers[1] = steps + 1
    },
    mixInto(into, now, left) {
      const [level = 0, steps = 0, ours = 0, theirs = 0] = numbers
      if (steps === 0) return
      const sum = ours * ours + theirs * theirs
      const share = left * (sum === 0 ? 0.5 : (ours * ours) / sum)
      for (let i = 0; i < into.length; i++) into[i] = (1 - share) * into[i]! + share * level * shapeAt(now + (i + 1) * stepMs)
    },
  }
}
