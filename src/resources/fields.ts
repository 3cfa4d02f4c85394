import { Cron } from 'croner'
import { z } from 'zod'
import { parseQuantity } from '../core/hpa/quantity.ts'

/** An object that knows its fields: any other field is an error, whose message lists the known ones for a suggestion. */
export function object<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, {
    error: issue => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : undefined),
  })
}

const DECIMAL_POWERS: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const BINARY_POWERS: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 }

/**
 * A quantity that the schema has accepted as a plain number: "25m" is 0.025, "2Ki" is 2048. Unlike `parseQuantity`, which
 * rounds to thousandths as upstream does, it keeps "0.9999" and "0.0001" apart from 1 and 0.001.
 */
export function amount(quantity: string | number): number {
  const text = String(quantity)
  const suffix = /(?:[KMGTPE]i|[numkMGTPE])$/.exec(text)?.[0] ?? ''
  const digits = text.slice(0, text.length - suffix.length)
  const binary = BINARY_POWERS[suffix]
  if (binary !== undefined) return Number(digits) * 2 ** binary
  return Number(suffix === '' ? digits : `${digits}e${DECIMAL_POWERS[suffix]}`)
}

const isQuantity = (value: string | number) => parseQuantity(String(value)) !== undefined

/** A Kubernetes quantity, as text or number: "250m", "1.5", "2Gi", 5000. */
const quantity = z.union([z.string(), z.number()], { error: 'expected a quantity such as "250m", "1.5" or "2Gi"' })
const parsed = quantity.refine(isQuantity, { error: 'expected a quantity such as "250m", "1.5" or "2Gi"', abort: true })
export const positiveQuantity = parsed.refine(value => amount(value) > 0, { error: 'expected a quantity above 0' })
export const naturalQuantity = parsed.refine(value => amount(value) >= 0, { error: 'expected a quantity of 0 or more' })

/** A share as a quantity: "0.999" or "600m", between 0 and 1. */
export const share = parsed.refine(value => amount(value) >= 0 && amount(value) <= 1, {
  error: 'expected a share between 0 and 1, such as "0.95"',
})

const INT32_MAX = 2_147_483_647
export const count = z.int().min(0).max(INT32_MAX)
export const positiveCount = z.int().min(1).max(INT32_MAX)
/** Seconds, above 0 and at most a year. */
export const seconds = z.int().min(1).max(31_536_000)

export const text = z.string().min(1)

/** RFC 3339, "2026-12-04T23:45:00Z". */
export const time = z.iso.datetime({ offset: true, error: 'expected a time such as 2026-12-04T23:45:00Z (RFC 3339)' })

export const timeZone = z
  .string()
  .refine(isTimeZone, { error: 'expected a time zone of the IANA database, such as Europe/Stockholm or UTC' })

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return !/^[+-]/.test(zone) // an offset is no zone: it knows no daylight saving
  } catch {
    return false
  }
}

/** Five cron fields that come true at least once: "0 8 * * 1-5". "0 0 31 2 *" never does, so it is refused. */
export const cron = z.string().refine(isCron, {
  error: 'expected five cron fields (minute hour day month weekday) that name a time which exists, such as "0 8 * * 1-5"',
})

function isCron(expression: string): boolean {
  try {
    return new Cron(expression, { mode: '5-part', timezone: 'UTC' }).nextRun() !== null
  } catch {
    return false
  }
}

const labelMap = z.record(z.string(), z.string())

/** Of metadata we read name, namespace and labels; the rest is what the API server adds, and is left alone. */
export const metadata = object({
  name: z.string().regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, {
    error: 'expected lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit, at most 253',
  }),
  namespace: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, { error: 'expected lower-case letters, digits and "-", at most 63' })
    .exactOptional(),
  labels: labelMap.exactOptional(),
  annotations: labelMap.exactOptional(),
  creationTimestamp: z.unknown().optional(),
  deletionGracePeriodSeconds: z.unknown().optional(),
  deletionTimestamp: z.unknown().optional(),
  finalizers: z.unknown().optional(),
  generateName: z.unknown().optional(),
  generation: z.unknown().optional(),
  managedFields: z.unknown().optional(),
  ownerReferences: z.unknown().optional(),
  resourceVersion: z.unknown().optional(),
  selfLink: z.unknown().optional(),
  uid: z.unknown().optional(),
})

export const labelSelector = object({
  matchLabels: labelMap.exactOptional(),
  matchExpressions: z
    .array(
      object({
        key: text,
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(z.string()).exactOptional(),
      }),
    )
    .exactOptional(),
})

export const metricIdentifier = object({ name: text, selector: labelSelector.exactOptional() })
