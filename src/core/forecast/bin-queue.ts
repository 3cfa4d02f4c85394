/** Whole numbers of 0 to 65,535, first in, first out. Neighbours are usually near each other: then each takes one byte. */
export interface BinQueue {
  readonly length: number
  push(bin: number): void
  /** Drops the oldest one; there must be one. */
  shift(): void
  /** Writes them all, the oldest first, into the beginning of `bins`, which must have room for `length`. */
  copyTo(bins: Uint16Array): void
  clear(): void
}

const FIRST_ROOM = 64
/** A byte up to 2 * REACH is a step of that less REACH; FAR is followed by the number itself in two bytes. */
const REACH = 127
const FAR = 255
/** Room grows by a quarter: doubling would waste what the bytes save. What was dropped is reclaimed when it is an eighth. */
const GROWTH = 1.25
const RECLAIMED = 1 / 8

export function createBinQueue(): BinQueue {
  let bytes = new Uint8Array(FIRST_ROOM)
  let [head, tail, length] = [0, 0, 0]
  /** The oldest number, which has no byte of its own while it is the oldest, and the newest. */
  let [first, last] = [0, 0]

  const makeRoom = () => {
    const isWorthIt = head >= bytes.length * RECLAIMED
    const larger = isWorthIt ? bytes : new Uint8Array(Math.ceil(bytes.length * GROWTH))
    if (isWorthIt) bytes.copyWithin(0, head, tail)
    else larger.set(bytes.subarray(head, tail))
    bytes = larger
    tail -= head
    head = 0
  }
  return {
    get length() {
      return length
    },
    push(bin) {
      if (tail + 3 > bytes.length) makeRoom()
      const step = bin - last
      if (length === 0) first = bin
      else if (step <= REACH && step >= -REACH) bytes[tail++] = step + REACH
      else for (const byte of [FAR, bin >> 8, bin & 255]) bytes[tail++] = byte
      last = bin
      length += 1
    },
    shift() {
      length -= 1
      if (length === 0) return
      const byte = bytes[head]!
      first = byte === FAR ? 256 * bytes[head + 1]! + bytes[head + 2]! : first + byte - REACH
      head += byte === FAR ? 3 : 1
    },
    copyTo(bins) {
      if (length > 0) bins[0] = first
      const [from, to] = [bytes, tail]
      let [bin, count] = [first, 1]
      for (let place = head; place < to; count++) {
        const byte = from[place]!
        bin = byte === FAR ? 256 * from[place + 1]! + from[place + 2]! : bin + byte - REACH
        place += byte === FAR ? 3 : 1
        bins[count] = bin
      }
    },
    clear() {
      ;[head, tail, length] = [0, 0, 0]
    },
  }
}
