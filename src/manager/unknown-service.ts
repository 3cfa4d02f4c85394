import { CrescendoError } from '../errors.ts'
import type { Asked } from './backend.ts'

/** One line that names what there is. */
export function unknownService({ serviceName, namespace }: Asked, known: readonly string[]): CrescendoError {
  const asked = namespace === undefined ? serviceName : `${namespace}/${serviceName}`
  const there = known.length === 0 ? 'there is none' : `expected one of ${known.join(', ')}`
  return new CrescendoError('CRS_UNKNOWN_SERVICE', `found no service ${asked}, ${there}`)
}
