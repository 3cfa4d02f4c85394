import { z } from 'zod'
import { CONFIGURATION_DEFAULTS, controllerConfiguration } from './configuration-schema.ts'

/** One key of the ControllerConfiguration that holds a value. */
export interface ConfigurationKey {
  /** "controller.leaderElection.leaseName" */
  readonly path: string
  /** "CRESCENDO_CONTROLLER_LEADER_ELECTION_LEASE_NAME" */
  readonly variable: string
  readonly type: 'integer' | 'boolean' | 'list' | 'text'
  readonly choices: readonly string[]
  /** Absent where the key has none. */
  readonly standard: unknown
  readonly description: string
}

/** The sections and the keys within them, in the order of the schema; `description` of a section is its sentence. */
export interface ConfigurationSection {
  readonly name: string
  readonly description: string
  readonly keys: readonly ConfigurationKey[]
}

type Schema = z.core.$ZodType

/** Every section of the ControllerConfiguration with its keys, read off the schema. */
export function configurationSections(): readonly ConfigurationSection[] {
  const { apiVersion: _, kind: __, metadata: ___, ...sections } = controllerConfiguration.shape
  return Object.entries(sections).map(([name, schema]) => ({
    name,
    description: descriptionOf(schema),
    keys: keysOf(schema, name, CONFIGURATION_DEFAULTS[name as keyof typeof CONFIGURATION_DEFAULTS]),
  }))
}

/** "controller.dryRun" is "CRESCENDO_CONTROLLER_DRY_RUN". */
export function variableOf(path: string): string {
  const words = path.split('.').map(word => word.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_'))
  return `CRESCENDO_${words.join('_').toUpperCase()}`
}

function keysOf(schema: Schema, path: string, standard: unknown): readonly ConfigurationKey[] {
  const { def } = (unwrapped(schema) as z.core.$ZodTypes)._zod
  if (def.type === 'object') {
    return Object.entries<Schema>(def.shape).flatMap(([key, field]) => keysOf(field, `${path}.${key}`, fieldOf(standard, key)))
  }
  const choices = def.type === 'enum' ? Object.values(def.entries).map(String) : []
  const type = def.type === 'number' ? 'integer' : def.type === 'array' ? 'list' : def.type === 'boolean' ? 'boolean' : 'text'
  return [{ path, variable: variableOf(path), type, choices, standard, description: descriptionOf(schema) }]
}

function unwrapped(schema: Schema): Schema {
  const { def } = (schema as z.core.$ZodTypes)._zod
  return def.type === 'optional' ? unwrapped(def.innerType) : schema
}

function descriptionOf(schema: Schema): string {
  return z.globalRegistry.get(schema)?.description ?? ''
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined
}
