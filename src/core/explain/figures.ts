import type { Instant } from '../model.ts'

/** "88,100", "4.95", "0.0042": thousands separated, three significant digits below a thousand. */
export function figure(value: number): string {
  // Every decision tells a few figures: toLocaleString would cost more than deciding.
  if (Math.abs(value) >= 1000) return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')
  return String(Number(value.toPrecision(3)))
}

const DAY_MS = 86_400_000

/**
 * "2026-11-24T08:52:15Z", from arithmetic alone: the core has no calendar object. Days to a date by Howard Hinnant's
 * `civil_from_days` (chrono-compatible low-level date algorithms), valid for every year of four digits.
 */
export function isoTime(at: Instant): string {
  const days = Math.floor(at / DAY_MS)
  const second = Math.floor((at - days * DAY_MS) / 1000)
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const march = Math.floor((5 * dayOfYear + 2) / 153)
  const month = march < 10 ? march + 3 : march - 9
  const day = dayOfYear - Math.floor((153 * march + 2) / 5) + 1
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  const clock = [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60].map(part => digits(part, 2)).join(':')
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}T${clock}Z`
}

const digits = (value: number, width: number) => String(value).padStart(width, '0')
