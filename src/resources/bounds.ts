import type { ScalingPolicy } from './documents.ts'
import type { Layered } from './layers.ts'

type Bounds = NonNullable<ScalingPolicy['spec']['bounds']>
type Bounded = Exclude<keyof Bounds, 'locked'>

/** How each bounded field is read and written, and what messages call it. */
const FIELDS: Readonly<
  Record<Bounded, { path: string; read(values: Layered): number | undefined; write(values: Layered, value: number): Layered }>
> = {
  minReplicas: {
    path: 'minReplicas',
    read: values => values.minReplicas,
    write: (values, minReplicas) => ({ ...values, minReplicas }),
  },
  maxReplicas: {
    path: 'maxReplicas',
    read: values => values.maxReplicas,
    write: (values, maxReplicas) => ({ ...values, maxReplicas }),
  },
  periodSeconds: {
    path: 'periodSeconds',
    read: values => values.periodSeconds,
    write: (values, periodSeconds) => ({ ...values, periodSeconds }),
  },
  emergencyMaxReplicas: {
    path: 'emergency.maxReplicas',
    read: values => values.emergency?.maxReplicas,
    write: (values, maxReplicas) => ({ ...values, emergency: { ...values.emergency, maxReplicas } }),
  },
}

/** Cuts what lies outside the bounds of the policies, says so, and names the bound in `origins`. At last min cannot exceed max. */
export function withinBounds(
  merged: Layered,
  policies: readonly ScalingPolicy[],
  origins: Record<string, string>,
): { readonly values: Layered; readonly warnings: readonly string[] } {
  const warnings: string[] = []
  let values = merged
  const put = (field: Bounded, to: number, why: { readonly warning: string; readonly origin: string }) => {
    warnings.push(why.warning)
    origins[FIELDS[field].path] = why.origin
    values = FIELDS[field].write(values, to)
  }
  for (const { metadata, spec } of policies) {
    for (const field of Object.keys(FIELDS) as Bounded[]) {
      const value = FIELDS[field].read(values)
      const { min = 0, max = Number.POSITIVE_INFINITY } = spec.bounds?.[field] ?? {}
      if (value === undefined || (value >= min && value <= max)) continue
      const to = value < min ? min : max
      const warning = `${FIELDS[field].path} ${value} is outside the bounds of policy ${metadata.name}; ${to} holds`
      put(field, to, { warning, origin: `bounds of policy ${metadata.name}` })
    }
  }
  const { minReplicas, maxReplicas } = values
  if (minReplicas !== undefined && maxReplicas !== undefined && minReplicas > maxReplicas) {
    const warning = `minReplicas ${minReplicas} (${origins.minReplicas}) is above maxReplicas ${maxReplicas}; ${maxReplicas} holds`
    put('minReplicas', maxReplicas, { warning, origin: `maxReplicas of ${origins.maxReplicas}` })
  }
  return { values, warnings }
}
