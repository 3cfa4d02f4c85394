import { InvalidArgumentError } from 'commander'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** "60s", "1m30s", "5m", "1h", "2d" (and "90", seconds) as milliseconds; `undefined` for anything else. */
export function durationMs(text: string): number | undefined {
  if (/^\d{1,9}(?:\.\d+)?$/.test(text)) return Number(text) * 1000
  if (!/^(?:\d{1,9}(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(text)) return undefined
  let sum = 0
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ms|s|m|h|d)/g)) sum += Number(amount) * UNIT_MS[unit!]!
  return sum
}

/** A parser for an option that takes a duration within bounds; what is outside is refused with the bounds. */
export function durationOption(least: string, most: string): (text: string) => number {
  const [leastMs, mostMs] = [durationMs(least)!, durationMs(most)!]
  return text => {
    const found = durationMs(text)
    if (found !== undefined && found >= leastMs && found <= mostMs) return found
    throw new InvalidArgumentError(`expected a duration from ${least} to ${most}, such as 60s, 1m30s, 5m or 1h`)
  }
}

/** Milliseconds as people write them: "5m", "1h30m", "0.5s". Parts that are zero are left out. */
export function durationText(ms: number): string {
  let left = ms
  let text = ''
  for (const unit of ['d', 'h', 'm'] as const) {
    const count = Math.floor(left / UNIT_MS[unit]!)
    left -= count * UNIT_MS[unit]!
    if (count > 0) text += `${count}${unit}`
  }
  const seconds = Math.round(left) / 1000
  return seconds > 0 || text === '' ? `${text}${seconds}s` : text
}
