import { CrescendoError } from '../errors.ts'
import type { Layer } from './layers.ts'

const DEFAULT_CURRENCY = 'USD'

/**
 * One layer's amounts in another one's currency are nobody's budget: 700 a day of a policy in USD do not become 700 EUR because the
 * object writes 40 EUR an hour. `standard`: the currency of those who name none.
 */
export function refuseTwoCurrencies(
  layers: readonly Layer[],
  {
    origins,
    standard = DEFAULT_CURRENCY,
  }: { readonly origins: Readonly<Record<string, string>>; readonly standard?: string | undefined },
): void {
  const currencyAt = (upTo: number) =>
    layers.slice(0, upTo + 1).findLast(({ values }) => values.budget?.currency !== undefined)?.values.budget?.currency ?? standard
  const inForce = currencyAt(layers.length - 1)
  for (const field of ['perHour', 'perDay', 'perMonth']) {
    const from = layers.findLastIndex(({ origin }) => origin === origins[`budget.${field}`])
    if (from < 0 || currencyAt(from) === inForce) continue
    const where = `budget.${field} of ${layers[from]!.origin} is in ${currencyAt(from)}`
    const other = `budget.currency of ${origins['budget.currency']} is ${inForce}`
    throw new CrescendoError(
      'CRS_DOCUMENT_INVALID',
      `${where}, and ${other}: expected one currency; write all amounts of the budget in ${inForce}`,
    )
  }
}
