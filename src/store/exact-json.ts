/**
 * JSON that gives back what went in, also what JSON drops: Infinity, NaN, undefined inside lists, bigint. Such a value becomes
 * `{"$": "Infinity"}`; an object of ours that has the key `$` is wrapped the same way. -0 becomes 0.
 *
 * The native call does the work. Only text with a `null` in it (which is what JSON makes of all of them) or a bigint takes the slow way.
 */
export function toExactJson(value: unknown): string {
  try {
    const text = JSON.stringify(value)
    if (text !== undefined && !text.includes('null') && !text.includes('"$"')) return text
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause // a bigint; a circle fails again below, with the reason
  }
  return JSON.stringify(marked(value))
}

/** The value of a text that `toExactJson` made. */
export function fromExactJson(text: string): unknown {
  return text.includes('"$"') ? unmarked(JSON.parse(text)) : JSON.parse(text)
}

function marked(value: unknown): unknown {
  if (value === undefined) return { $: 'undefined' }
  if (typeof value === 'bigint') return { $: `${value}n` }
  if (typeof value === 'number' && !Number.isFinite(value)) return { $: String(value) }
  if (Array.isArray(value)) return value.map(marked)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([, one]) => one !== undefined)
  const fields = Object.fromEntries(kept.map(([key, one]) => [key, marked(one)]))
  return Object.hasOwn(value, '$') ? { $: [fields] } : fields
}

function unmarked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmarked)
  if (typeof value !== 'object' || value === null) return value
  const mark = '$' in value ? value.$ : undefined
  if (typeof mark === 'string') return meant(mark)
  if (Array.isArray(mark)) return fieldsOf(mark[0])
  return fieldsOf(value)
}

function fieldsOf(value: object): object {
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unmarked(one)]))
}

function meant(mark: string): unknown {
  if (mark === 'undefined') return undefined
  return mark.endsWith('n') ? BigInt(mark.slice(0, -1)) : Number(mark)
}
