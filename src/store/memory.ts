import type { Instant, Situation } from '../core/model.ts'
import { emptyMemory, type Memory } from '../core/rules.ts'
import type { Samples, Store } from '../ports.ts'

/** A series that grows by doubling two typed columns, so that a year at 15 s is 34 MB and no row objects. */
interface Column {
  at: Float64Array
  value: Float64Array
  length: number
}

/** Keeps believed demand and memories in this process: for the simulator, the demo and tests. */
export function memoryStore(): Store {
  const series = new Map<string, Column>()
  const memories = new Map<string, Memory>()
  return {
    async append(target, situation) {
      const column = series.get(target) ?? { at: new Float64Array(1024), value: new Float64Array(1024), length: 0 }
      series.set(target, column)
      push(column, situation)
    },
    async history(target, since) {
      const column = series.get(target)
      return column === undefined ? { at: new Float64Array(0), value: new Float64Array(0) } : slice(column, since)
    },
    recall: async target => memories.get(target) ?? emptyMemory,
    remember: async (target, memory) => {
      memories.set(target, memory)
    },
  }
}

/** A missing demand leaves a gap; a time seen before (the same tick decided twice) is not stored again. */
function push(column: Column, { observation, demand }: Situation): void {
  if (demand === undefined) return
  const { at } = observation.demand
  const last = column.length === 0 ? Number.NEGATIVE_INFINITY : column.at[column.length - 1]!
  if (at <= last) return
  if (column.length === column.at.length) {
    column.at = doubled(column.at)
    column.value = doubled(column.value)
  }
  column.at[column.length] = at
  column.value[column.length] = demand
  column.length++
}

function doubled(column: Float64Array): Float64Array {
  const larger = new Float64Array(column.length * 2)
  larger.set(column)
  return larger
}

function slice(column: Column, since: Instant): Samples {
  let [low, high] = [0, column.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (column.at[middle]! < since) low = middle + 1
    else high = middle
  }
  return { at: column.at.slice(low, column.length), value: column.value.slice(low, column.length) }
}
