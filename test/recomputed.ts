import { expect } from 'vitest'

/** This file shares no code with the scorer: it recomputes every figure from the decisions file and the world of the document. */

export interface Scaler {
  readonly name: string
  readonly [figure: string]: number | string | object
}

export interface BacktestDocument {
  readonly trace: Readonly<Record<string, string | number>>
  readonly world: Readonly<Record<string, string | number>>
  readonly scalers: readonly Scaler[]
}

/** What `backtest --json` prints for one trace. */
export const documentOf = (text: string) => JSON.parse(text) as BacktestDocument

/** Every figure of the contract, from the rows alone. */
function recompute(csv: string, { world }: BacktestDocument): Readonly<Record<string, Readonly<Record<string, number>>>> {
  const [header, ...lines] = csv.trimEnd().split('\n')
  expect(header).toBe('scaler,timestamp,load,ready_replicas,desired_replicas')
  const capacity = Number(world.capacityPerReplica)
  const seconds = Number(world.tickSeconds)
  const sums: Record<string, Record<string, number>> = {}
  const desiredBefore: Record<string, number> = {}
  for (const line of lines) {
    const [name = '', ...numbers] = line.split(',')
    const [, load = 0, ready = 0, desired = 0] = numbers.map(Number)
    sums[name] ??= { rows: 0, bad: 0, unserved: 0, billed: 0, idle: 0, ups: 0, downs: 0 }
    const sum = sums[name]
    const add = (key: string, amount: number) => {
      sum[key] = (sum[key] ?? 0) + amount
    }
    add('rows', 1)
    if (load > ready * capacity) {
      add('bad', 1)
      add('unserved', load - ready * capacity)
    }
    add('billed', desired)
    let needed = Math.floor(load / capacity)
    while (load > needed * capacity) needed++
    if (desired > needed) add('idle', desired - needed)
    const before = desiredBefore[name] ?? desired
    add('ups', desired > before ? 1 : 0)
    add('downs', desired < before ? 1 : 0)
    desiredBefore[name] = desired
  }
  return Object.fromEntries(
    Object.entries(sums).map(([name, sum]) => [
      name,
      {
        sloViolationMinutes: (sum.bad! * seconds) / 60,
        sloViolationRatio: sum.bad! / sum.rows!,
        unservedLoad: sum.unserved! * seconds,
        replicaHours: (sum.billed! * seconds) / 3600,
        cost: ((sum.billed! * seconds) / 3600) * Number(world.price),
        overProvisionedReplicaHours: (sum.idle! * seconds) / 3600,
        scaleUps: sum.ups!,
        scaleDowns: sum.downs!,
      },
    ]),
  )
}

/** Fails where a figure of the document differs from what its decisions file says. */
export function expectAgreement(csv: string, document: BacktestDocument): void {
  const figures = recompute(csv, document)
  expect(Object.keys(figures)).toEqual(document.scalers.map(({ name }) => name))
  const best = figures.oracle?.replicaHours
  for (const scaler of document.scalers) {
    const own = figures[scaler.name]!
    const excess =
      best === undefined || best === 0 || scaler.name === 'oracle' ? {} : { excessOverOracle: own.replicaHours! / best - 1 }
    for (const [key, value] of Object.entries({ ...own, ...excess })) {
      const told = Number(scaler[key])
      expect(Math.abs(told - value), `${scaler.name} ${key}: told ${told}, recomputed ${value}`).toBeLessThanOrEqual(
        1e-9 * Math.max(1, Math.abs(value)),
      )
    }
  }
}
