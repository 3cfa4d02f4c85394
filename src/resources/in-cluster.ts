import { z } from 'zod'

/** One rule of the API server in the Common Expression Language. `fieldPath` (".minReplicas") is what its error names. */
export interface CelRule {
  readonly rule: string
  readonly message: string
  readonly fieldPath?: string
  readonly reason?: 'FieldValueInvalid' | 'FieldValueRequired' | 'FieldValueDuplicate' | 'FieldValueForbidden'
}

/** What the API server is told about a schema beyond what can be read off it. `crd.ts` writes it into the CRD. */
export interface InCluster {
  readonly rules?: readonly CelRule[]
  /** A list whose items have an identity: the server merges by it and refuses it twice. */
  readonly listMapKeys?: readonly string[]
  /** A list of different texts. */
  readonly isSet?: true
  readonly maxProperties?: number
  readonly maxLength?: number
  readonly maximum?: number
  readonly format?: string
  /** Of text, where the validator of files is code rather than a pattern. */
  readonly pattern?: string
  /** A number or text with a suffix: int-or-string. */
  readonly quantity?: {
    readonly pattern: string
    readonly minimum: number
    readonly maximum?: number
    readonly maxLength: number
  }
}

const told = z.registry<InCluster>()

/** Tells the API server more about `schema`; returns it, unchanged. Later words add to earlier ones. */
export function inCluster<T extends z.ZodType>(schema: T, more: InCluster): T {
  told.add(schema, { ...told.get(schema), ...more })
  return schema
}

/** What was told about `schema`, or about what it was refined from. */
export function toldOf(schema: z.core.$ZodType): InCluster {
  return told.get(schema) ?? {}
}
