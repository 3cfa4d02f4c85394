import { closest, distance } from 'fastest-levenshtein'

/** "; did you mean maxReplicas?" where one of `known` is near enough to `word` to be a misspelling of it, else nothing. */
export function suggestion(word: string, known: readonly string[]): string {
  if (known.length === 0) return ''
  const lower = known.map(name => name.toLowerCase())
  const near = closest(word.toLowerCase(), lower)
  const isNear = distance(word.toLowerCase(), near) <= Math.max(1, Math.floor(word.length * 0.34))
  return isNear ? `; did you mean ${known[lower.indexOf(near)]}?` : ''
}
