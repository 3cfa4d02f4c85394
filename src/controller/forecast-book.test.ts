import { expect, test } from 'vitest'
import { type Decision, QUANTILES } from '../core/model.ts'
import type { StoredForecast } from '../ports.ts'
import { createForecastBook } from './forecast-book.ts'

const MINUTE = 60_000

function booked(fails = false) {
  const kept: StoredForecast[] = []
  const warnings: string[] = []
  const book = createForecastBook({
    store: {
      recordForecast: async forecast => {
        if (fails) throw new Error('full')
        kept.push(forecast)
      },
    },
    log: { info: () => undefined, warn: event => warnings.push(event) },
  })
  const note = (minute: number, ahead: readonly number[] = [5, 30]) =>
    book.note({
      target: 'shop/web',
      at: minute * MINUTE,
      forecast: {
        by: 'seasonal-ridge',
        madeAt: minute * MINUTE,
        points: ahead.map(more => ({ at: (minute + more) * MINUTE, quantiles: QUANTILES.map(() => more) })),
        windows: [],
      },
    } as unknown as Decision)
  return { book, kept, warnings, note }
}

test('the farthest point of a forecast is kept, one in five minutes', () => {
  const { kept, note } = booked()
  for (let minute = 0; minute < 11; minute++) note(minute)
  note(20, [])
  expect(kept.map(({ madeAt, dueAt, quantiles }) => [madeAt / MINUTE, dueAt / MINUTE, quantiles[0]])).toEqual([
    [0, 30, 30],
    [5, 35, 30],
    [10, 40, 30],
  ])
})

test('an object that is gone is forgotten, and a store that refuses is told, not thrown', async () => {
  const { book, warnings, note } = booked(true)
  note(0)
  book.forget('shop/web')
  note(1)
  await new Promise(done => setImmediate(done))
  expect(warnings).toEqual(['a forecast was not kept', 'a forecast was not kept'])
})
