import type { PolicyDefaults } from './documents.ts'

/** What one layer says; everything else it leaves to the layers below. */
export type Layered = PolicyDefaults

export interface Layer {
  /** What `origins` calls it: "tier Enterprise", "policy checkout", "api-gateway.yaml". */
  readonly origin: string
  readonly values: Layered
}

type Plain = Readonly<Record<string, unknown>>

/**
 * Lays `layers` over each other, the last one strongest: objects field by field, objectives by type and metric, schedules
 * by name, any other list as a whole. `origins` names, for each field, the layer its value came from.
 */
export function mergeLayers(layers: readonly Layer[]): { readonly merged: Layered; readonly origins: Record<string, string> } {
  const origins: Record<string, string> = {}
  let merged: Plain = {}
  for (const { origin, values } of layers) merged = lay(merged, values as Plain, { origin, origins, path: '' })
  return { merged: merged as Layered, origins } // laid from values of that type, field by field
}

interface Where {
  readonly origin: string
  readonly origins: Record<string, string>
  readonly path: string
}

function lay(below: Plain, above: Plain, where: Where): Plain {
  const laid: Record<string, unknown> = { ...below }
  for (const [key, value] of Object.entries(above)) {
    const path = where.path === '' ? key : `${where.path}.${key}`
    if (isPlain(value)) laid[key] = lay(isPlain(laid[key]) ? laid[key] : {}, value, { ...where, path })
    else {
      laid[key] = Array.isArray(value) && KEYED[key] ? layList(laid[key], value, KEYED[key]) : value
      where.origins[path] = where.origin
    }
  }
  return laid
}

type Promised = NonNullable<Layered['objectives']>[number]

/** "Latency request_duration_seconds": two objectives of one identity are one, and the stronger layer's holds. */
export function identityOf(objective: Promised): string {
  const of = 'resource' in objective ? objective.resource : objective.metric?.name
  return of === undefined ? objective.type : `${objective.type} ${of}`
}

/** Lists whose items have an identity. */
const KEYED: Readonly<Record<string, (item: Plain) => string>> = {
  objectives: item => identityOf(item as unknown as Promised), // laid from values of that type
  schedules: item => String(item.name),
}

function layList(below: unknown, above: readonly Plain[], keyOf: (item: Plain) => string): readonly Plain[] {
  const items = new Map((Array.isArray(below) ? (below as Plain[]) : []).map(item => [keyOf(item), item]))
  for (const item of above) items.set(keyOf(item), item)
  return [...items.values()]
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `values` without the fields at `paths` ("prediction.mode", "budget"); `dropped` lists those that were there. */
export function withoutPaths(
  values: Layered,
  paths: readonly string[],
): { readonly values: Layered; readonly dropped: readonly string[] } {
  const dropped: string[] = []
  const strip = (from: Plain, prefix: string): Plain => {
    const kept: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(from)) {
      const path = `${prefix}${key}`
      if (paths.includes(path)) dropped.push(path)
      else kept[key] = isPlain(value) ? strip(value, `${path}.`) : value
    }
    return kept
  }
  return { values: strip(values as Plain, '') as Layered, dropped } // fewer fields of the same type
}
