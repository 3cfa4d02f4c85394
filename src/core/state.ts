import type { Restorable, Snapshot } from './rules.ts'

/**
 * How an accumulator is written down and read back: plain values that `structuredClone` copies (numbers, strings, arrays, typed
 * arrays). A part reads back only what has the shape that it would write itself; else it says `false`, and may be half read
 * then: `restorable` puts back what was there.
 */
export interface Part {
  save(): unknown
  load(state: unknown): boolean
}

export type Numbers = Float64Array | Float32Array | Int32Array | Uint16Array | Uint8Array

const typeOf = (value: unknown): string => Object.prototype.toString.call(value)

/** Whether `state` is a typed array of the same kind as `like`; told by name, because arrays from elsewhere have other constructors. */
export function isAlike<T extends Numbers>(state: unknown, like: T): state is T {
  return ArrayBuffer.isView(state) && typeOf(state) === typeOf(like)
}

/** Whether `state` is made as `like` is: the same names, lengths and kinds of arrays, and all its numbers are finite. */
export function hasShapeOf(state: unknown, like: object): boolean {
  if (typeof state !== 'object' || state === null) return false
  if (ArrayBuffer.isView(like)) {
    const numbers = like as Numbers // the only views that are written down
    return isAlike(state, numbers) && state.length === numbers.length && state.every(Number.isFinite)
  }
  const [found, wanted] = [Object.keys(state), Object.entries(like)]
  return (
    found.length === wanted.length && wanted.every(([name, one]) => hasShapeOf((state as Record<string, unknown>)[name], one))
  )
}

const isNumbers = (state: unknown): state is readonly number[] =>
  Array.isArray(state) && state.every(value => typeof value === 'number')

/** What can be written down; the part is made when it is asked for, because a thousand targets hold thousands of these. */
export interface Kept {
  part(): Part
}

/** Several parts under their names; a typed array is one of fixed length. */
export function partsOf(parts: Readonly<Record<string, Part | Kept | Numbers>>): Part {
  const all = Object.entries(parts).map(([name, one]) => [name, toPart(one)] as const)
  return {
    save: () => Object.fromEntries(all.map(([name, part]) => [name, part.save()])),
    load: state =>
      typeof state === 'object' &&
      state !== null &&
      all.every(([name, part]) => part.load((state as Record<string, unknown>)[name])), // whatever it holds, `part` looks at it
  }
}

function toPart(one: Part | Kept | Numbers): Part {
  if (ArrayBuffer.isView(one)) return arrayPart(one)
  return 'part' in one ? one.part() : one
}

/** Equal parts, one after the other. */
export function listOf(list: readonly (Part | Kept | Numbers)[]): Part {
  const parts = list.map(toPart)
  return {
    save: () => parts.map(part => part.save()),
    load: state => Array.isArray(state) && state.length === parts.length && parts.every((part, i) => part.load(state[i])),
  }
}

function arrayPart(array: Numbers): Part {
  return {
    save: () => array.slice(),
    load: state => {
      if (!isAlike(state, array) || state.length !== array.length) return false
      array.set(state)
      return true
    },
  }
}

/** Single numbers in a fixed order; `write` is called with exactly as many as `read` gives. */
export function numbersPart(read: () => readonly number[], write: (numbers: readonly number[]) => void): Part {
  return {
    save: () => [...read()],
    load: state => {
      if (!isNumbers(state) || state.length !== read().length) return false
      write(state)
      return true
    },
  }
}

/** As many numbers as there are, up to `limit`. */
export function listPart(limit: number, read: () => readonly number[], write: (numbers: readonly number[]) => void): Part {
  return {
    save: () => [...read()],
    load: state => {
      if (!isNumbers(state) || state.length > limit) return false
      write(state)
      return true
    },
  }
}

/** An accumulator as a part of a larger one. */
export function restorablePart(inner: Restorable): Part {
  return { save: () => inner.snapshot(), load: state => isSnapshot(state) && inner.restore(state) }
}

export function isSnapshot(state: unknown): state is Snapshot {
  const { kind, version } = (state ?? {}) as Partial<Snapshot> // looked at before it is believed
  return typeof kind === 'string' && typeof version === 'number'
}

/** Snapshots of what is kept. What cannot be read back leaves everything as it was. */
export function restorable(kindOf: () => Pick<Snapshot, 'kind' | 'version'>, { part: partOf }: Kept): Restorable {
  return {
    snapshot: () => ({ ...kindOf(), state: partOf().save() }),
    restore: ({ kind, version, state }) => {
      const of = kindOf()
      if (kind !== of.kind || version !== of.version) return false
      const part = partOf()
      const before = part.save()
      const isRead = part.load(state)
      if (!isRead) part.load(before)
      return isRead
    },
  }
}

export const isRestorable = <T extends Partial<Restorable>>(one: T | undefined): one is T & Restorable =>
  one?.snapshot !== undefined && one.restore !== undefined
