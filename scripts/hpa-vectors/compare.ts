type Fields = Readonly<Record<string, unknown>>

/** Fields that are maps by a name of their own: nothing may be in them beyond what is expected. */
const MAPS = new Set(['requestsMilli', 'metricActions', 'metricErrors'])

/** Every way in which the answer is not what was expected, one line each. Only the fields that are listed count. */
export function differences(expected: Fields, answer: Fields): readonly string[] {
  if (typeof expected.error === 'string') return errorDifference(expected.error, answer)
  if ('error' in answer) return [`expected ${show(expected)}, came the error "${answer.error}"`]
  return Object.keys(expected).flatMap(field => {
    if (!(field in answer)) return [`${field}: expected ${show(expected[field])}, came nothing: the field is not known`]
    return fieldMatches(field, expected[field], answer[field])
      ? []
      : [`${field}: expected ${show(expected[field])}, came ${show(answer[field])}`]
  })
}

function errorDifference(expected: string, answer: Fields): readonly string[] {
  if (!('error' in answer)) return [`expected an error with "${expected}", came ${show(answer)}`]
  return String(answer.error).includes(expected) ? [] : [`expected an error with "${expected}", came "${answer.error}"`]
}

function fieldMatches(field: string, expected: unknown, came: unknown): boolean {
  if (field === 'event' && Array.isArray(came)) return came.some(one => matches(expected, one))
  if (MAPS.has(field) && Object.keys(came ?? {}).length !== Object.keys(expected ?? {}).length) return false
  return matches(expected, came)
}

/** Lists in full, objects by the fields that are expected, integers exactly however they are written, null as absent. */
export function matches(expected: unknown, came: unknown): boolean {
  if (expected === null || expected === undefined) return came === null || came === undefined
  if (Array.isArray(expected))
    return Array.isArray(came) && came.length === expected.length && expected.every((one, index) => matches(one, came[index]))
  if (typeof expected === 'object') return objectMatches(expected as Fields, came)
  if (typeof came === 'number' || typeof came === 'bigint') return String(came) === String(expected)
  return expected === came
}

function objectMatches(expected: Fields, came: unknown): boolean {
  if (typeof came !== 'object' || came === null) return false
  return Object.keys(expected).every(key => matches(expected[key], (came as Fields)[key]))
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? String(one) : one))
}
