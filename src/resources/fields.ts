import { Cron } from 'croner'
import { z } from 'zod'
import { parseQuantity } from '../core/hpa/quantity.ts'
import { inCluster } from './in-cluster.ts'

export const GROUP_VERSION = 'autoscaling.spotify.ai/v2'

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

/** A quantity as text, in parts of a regular expression that JavaScript and the API server's RE2 read alike. */
const SUFFIX = '(?:[KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?'
const ANY = `^[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)${SUFFIX}$`
const NATURAL = `^\\+?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)${SUFFIX}$`
const POSITIVE = `^\\+?(?:[0-9]*[1-9][0-9]*\\.?[0-9]*|[0-9]*\\.[0-9]*[1-9][0-9]*)${SUFFIX}$`
const SHARE = [
  '0*\\.[0-9]+|0+\\.?|0*1(?:\\.0*)?',
  '0*(?:1000|[0-9]{1,3}(?:\\.[0-9]*)?)m',
  '0*(?:1000000|[0-9]{1,6}(?:\\.[0-9]*)?)u',
  '0*(?:1000000000|[0-9]{1,9}(?:\\.[0-9]*)?)n',
  '[0-9](?:\\.[0-9]*)?[eE]-[1-9][0-9]?',
].join('|')
const PERCENTILE = '^(?:[1-9][0-9]?(?:\\.[0-9]*)?|0?\\.[0-9]*[1-9][0-9]*)$'
const QUANTITY_LENGTH = 64

const matches = (pattern: string) => {
  const regex = new RegExp(pattern)
  return (value: string | number) => regex.test(String(value))
}

/** A Kubernetes quantity, as text or number: "250m", "1.5", "2Gi", 5000. */
const quantity = z
  .union([z.string(), z.number()], { error: 'expected a quantity such as "250m", "1.5" or "2Gi"' })
  .refine(isQuantity, { error: 'expected a quantity such as "250m", "1.5" or "2Gi"', abort: true })

function isQuantity(value: string | number): boolean {
  const text = String(value) // its length first: the patterns take quadratic time
  return text.length <= QUANTITY_LENGTH && new RegExp(ANY).test(text) && parseQuantity(text) !== undefined
}

interface Kind {
  readonly pattern: string
  readonly minimum: number
  readonly maximum?: number
  readonly error: string
}

/** `quantity` within limits that the CRD says by the same pattern, for text, and by minimum and maximum, for numbers. */
function quantityOf({ pattern, minimum, maximum, error }: Kind) {
  const schema = quantity.refine(matches(pattern), { error })
  return inCluster(schema, {
    quantity: { pattern, minimum, maxLength: QUANTITY_LENGTH, ...(maximum !== undefined && { maximum }) },
  })
}

export const positiveQuantity = quantityOf({ pattern: POSITIVE, minimum: 1, error: 'expected a quantity above 0' })
export const naturalQuantity = quantityOf({ pattern: NATURAL, minimum: 0, error: 'expected a quantity of 0 or more' })

/** A share as a quantity: "0.999" or "600m", between 0 and 1. */
export const share = quantityOf({
  pattern: `^\\+?(?:${SHARE})$`,
  minimum: 0,
  maximum: 1,
  error: 'expected a share between 0 and 1, such as "0.95"',
})

/** A number between two bounds, as a quantity: "0.05" or "50m"; the API server is told the range in whole numbers. */
export function quantityWithin(least: number, most: number) {
  const isWithin = (value: string | number) => amount(value) >= least && amount(value) <= most
  const told = quantity.refine(value => matches(NATURAL)(value) && isWithin(value), {
    error: `expected a number from ${least} to ${most}`,
  })
  return inCluster(told, {
    quantity: { pattern: NATURAL, minimum: Math.floor(least), maximum: Math.ceil(most), maxLength: QUANTITY_LENGTH },
  })
}

/** A share that is promised: above 0. The API server compares it with 1 by a rule, since a latency stands in the same field. */
export const promisedShare = inCluster(
  share.refine(matches(POSITIVE), { error: 'expected a share above 0 and at most 1, such as "0.95"' }),
  { quantity: { pattern: POSITIVE, minimum: 1, maxLength: QUANTITY_LENGTH } },
)

export const percentile = quantityOf({
  pattern: PERCENTILE,
  minimum: 1,
  maximum: 99,
  error: 'expected a percentile above 0 and below 100, such as "99"',
})

export const INT32_MAX = 2_147_483_647
export const count = z.int().min(0).max(INT32_MAX)
export const positiveCount = z.int().min(1).max(INT32_MAX)
/** Seconds, above 0 and at most a year. */
export const seconds = z.int().min(1).max(31_536_000)

/** A name: of a Kubernetes object, a container, a label. */
export const text = z.string().min(1).max(253)
/** The name of a metric or resource, which upstream does not limit; nobody's is longer. */
export const longText = z.string().min(1).max(1024)

/** RFC 3339, "2026-12-04T23:45:00Z". */
export const time = inCluster(
  z.iso.datetime({ offset: true, error: 'expected a time such as 2026-12-04T23:45:00Z (RFC 3339)' }),
  { format: 'date-time', maxLength: 64 },
)

/** A day, "2026-12-25". */
export const date = inCluster(z.iso.date({ error: 'expected a date that exists, such as 2026-12-25' }), {
  format: 'date',
  maxLength: 10,
})

export const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, { error: 'expected a time zone of the IANA database, such as Europe/Stockholm or UTC' })

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return !/^[+-]/.test(zone) // an offset is no zone: it knows no daylight saving
  } catch {
    return false
  }
}

const FIVE_FIELDS = '^(?:[0-9A-Za-z*/,?#-]+\\s+){4}[0-9A-Za-z*/,?#-]+$'

/** Five cron fields that come true at least once: "0 8 * * 1-5". "0 0 31 2 *" never does, so it is refused. */
export const cron = inCluster(
  z.string().max(128).refine(isCron, {
    error: 'expected five cron fields (minute hour day month weekday) that name a time which exists, such as "0 8 * * 1-5"',
  }),
  { pattern: FIVE_FIELDS },
)

function isCron(expression: string): boolean {
  if (!new RegExp(FIVE_FIELDS).test(expression)) return false // the library takes the time of a day as well
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

const MAX_LABELS = 64
const labels = inCluster(
  z
    .record(z.string().max(317), z.string().max(253))
    .refine(given => Object.keys(given).length <= MAX_LABELS, { error: `expected at most ${MAX_LABELS} labels` }),
  { maxProperties: MAX_LABELS },
)

export const labelSelector = object({
  matchLabels: labels
    .exactOptional()
    .describe('Labels that must be there with exactly these values; all of them must match. Example: {queue: checkout}.'),
  matchExpressions: z
    .array(
      object({
        key: z.string().min(1).max(317).describe('The label that the expression is about. Example: queue.'),
        operator: z
          .enum(['In', 'NotIn', 'Exists', 'DoesNotExist'])
          .describe('How the label relates to values: In, NotIn, Exists (any value) or DoesNotExist.'),
        values: z
          .array(z.string().max(253))
          .max(64)
          .exactOptional()
          .describe(
            'The values that In and NotIn compare with; absent for Exists and DoesNotExist. Example: [checkout, search].',
          ),
      }),
    )
    .max(32)
    .exactOptional()
    .describe(
      'Conditions on labels beyond equality; all of them must hold. Example: {key: queue, operator: In, values: [checkout]}.',
    ),
})

export const metricIdentifier = object({
  name: longText.describe('The name of the metric, as the catalogue or the metrics API knows it. Example: requests_per_second.'),
  selector: labelSelector
    .exactOptional()
    .describe('Which series of the metric count, by their labels. Absent: the metric name alone decides.'),
})
