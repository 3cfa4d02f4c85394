import { z } from 'zod'
import { type CelRule, type InCluster, toldOf } from './in-cluster.ts'

/** A schema in the subset that CustomResourceDefinitions take: structural, without oneOf, anyOf or references. */
export interface StructuralSchema {
  readonly description?: string
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  readonly format?: string
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly properties?: Readonly<Record<string, StructuralSchema>>
  readonly additionalProperties?: StructuralSchema
  readonly items?: StructuralSchema
  readonly required?: readonly string[]
  readonly anyOf?: readonly { readonly type: string }[]
  readonly 'x-kubernetes-int-or-string'?: true
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'map' | 'set'
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-validations'?: readonly CelRule[]
}

type Schema = z.core.$ZodType
type Definition = z.core.$ZodTypes['_zod']['def']

/**
 * The structural schema of a zod schema: types, bounds and enums are read off it, rules and list keys are what `inCluster`
 * told. A discriminated union becomes one object with every field of its options, and rules that say which type has which.
 * Throws for a schema that has no structural form, so that none is left out in silence.
 */
export function structural(schema: Schema): StructuralSchema {
  const said = toldOf(schema)
  const description = z.globalRegistry.get(schema)?.description
  const inner = formOf(schema, said)
  return { ...(description !== undefined && { description }), ...inner, ...extras(said, inner) }
}

function extras(said: InCluster, inner: StructuralSchema): StructuralSchema {
  const rules = [...(inner['x-kubernetes-validations'] ?? []), ...(said.rules ?? [])]
  return {
    ...(said.pattern !== undefined && { pattern: said.pattern }),
    ...(said.format !== undefined && { format: said.format }),
    ...(said.maxLength !== undefined && { maxLength: said.maxLength }),
    ...(said.maximum !== undefined && { maximum: said.maximum }),
    ...(said.maxProperties !== undefined && { maxProperties: said.maxProperties }),
    ...(rules.length > 0 && { 'x-kubernetes-validations': rules }),
  }
}

function formOf(schema: Schema, said: InCluster): StructuralSchema {
  if (said.quantity) return quantityForm(said.quantity)
  const definition = (schema as z.core.$ZodTypes)._zod.def
  switch (definition.type) {
    case 'optional':
      return structural(definition.innerType)
    case 'object':
      return objectForm(definition.shape)
    case 'array':
      return listForm(definition, said)
    case 'record':
      return { type: 'object', additionalProperties: structural(definition.valueType) }
    case 'enum':
      return { type: 'string', enum: Object.values(definition.entries).map(String) }
    case 'literal':
      return { type: 'string', enum: definition.values.map(String) }
    case 'string':
      return { type: 'string', ...lengthsOf(definition, 'Length') }
    case 'number':
      return numberForm(definition)
    case 'boolean':
      return { type: 'boolean' }
    case 'union':
      return unionForm(definition)
    default:
      throw new TypeError(`a ${definition.type} has no structural form`)
  }
}

function quantityForm({ pattern, minimum, maximum, maxLength }: NonNullable<InCluster['quantity']>): StructuralSchema {
  return {
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    pattern,
    minimum,
    ...(maximum !== undefined && { maximum }),
    maxLength,
    'x-kubernetes-int-or-string': true,
  }
}

function objectForm(shape: Readonly<Record<string, Schema>>): StructuralSchema {
  const names = Object.keys(shape)
  const required = names.filter(name => isRequired(shape[name]))
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, structural(field)])),
    ...(required.length > 0 && { required }),
  }
}

function isRequired(schema: Schema | undefined): boolean {
  return schema !== undefined && schema._zod.optin !== 'optional'
}

function listForm(definition: z.core.$ZodArrayDef, said: InCluster): StructuralSchema {
  return {
    type: 'array',
    items: structural(definition.element),
    ...lengthsOf(definition, 'Items'),
    'x-kubernetes-list-type': said.listMapKeys ? 'map' : said.isSet ? 'set' : 'atomic',
    ...(said.listMapKeys && { 'x-kubernetes-list-map-keys': said.listMapKeys }),
  }
}

/** minLength and maxLength, or minItems and maxItems, from the checks of a text or list. */
function lengthsOf(definition: Definition | z.core.$ZodArrayDef, what: 'Length' | 'Items'): StructuralSchema {
  let lengths: StructuralSchema = {}
  for (const check of definition.checks ?? []) {
    const { def } = (check as z.core.$ZodChecks)._zod
    if (def.check === 'min_length') lengths = { ...lengths, [`min${what}`]: def.minimum }
    if (def.check === 'max_length') lengths = { ...lengths, [`max${what}`]: def.maximum }
  }
  return lengths
}

const INT32_MAX = 2_147_483_647

function numberForm(definition: Definition): StructuralSchema {
  let [minimum, maximum]: (number | undefined)[] = []
  for (const check of definition.checks ?? []) {
    const { def } = (check as z.core.$ZodChecks)._zod
    if (def.check === 'greater_than') minimum = Number(def.value)
    if (def.check === 'less_than') maximum = Number(def.value)
  }
  const isWhole = 'format' in definition || (definition.checks ?? []).some(check => isIntegerCheck(check))
  const whole = maximum !== undefined && maximum <= INT32_MAX ? 'int32' : 'int64'
  return {
    ...(isWhole ? { type: 'integer', format: whole } : { type: 'number', format: 'double' }),
    ...(minimum !== undefined && { minimum }),
    ...(maximum !== undefined && { maximum }),
  }
}

function isIntegerCheck(check: z.core.$ZodCheck<never>): boolean {
  return (check as z.core.$ZodChecks)._zod.def.check === 'number_format'
}

type Option = Readonly<Record<string, Schema>>

/** Every field of every option, once; the rules say which value of the discriminator needs and allows which field. */
function unionForm(definition: z.core.$ZodUnionDef): StructuralSchema {
  if (!('discriminator' in definition)) throw new TypeError('a union without a discriminator has no structural form')
  const key = String(definition.discriminator)
  const options = definition.options.map(option => ({ shape: shapeOf(option), rules: toldOf(option).rules ?? [] }))
  const typesOf = options.map(({ shape }) => literalsOf(shape[key])[0] ?? '')
  const names = [...new Set(options.flatMap(({ shape }) => Object.keys(shape)))].filter(name => name !== key)
  const inAll = names.filter(name => options.every(({ shape }) => isRequired(shape[name])))
  const discriminator = structural(options[0]?.shape[key] as Schema)
  const properties = names.map(name => [name, mergedField(options.map(({ shape }) => shape[name]))] as const)
  return {
    type: 'object',
    properties: { [key]: { ...discriminator, enum: typesOf }, ...Object.fromEntries(properties) },
    required: [key, ...inAll],
    'x-kubernetes-validations': [
      ...options.flatMap(({ shape }, index) => neededRules({ key, type: typesOf[index] ?? '', names, inAll }, shape)),
      ...names.flatMap(name => foreignRule({ key, name, typesOf }, options)),
      ...options.flatMap(({ rules }, index) => rules.map(rule => onlyFor(key, typesOf[index] ?? '', rule))),
    ],
  }
}

function shapeOf(option: Schema): Option {
  const { def } = (option as z.core.$ZodTypes)._zod
  if (def.type !== 'object') throw new TypeError('an option of a union is no object')
  return def.shape
}

function literalsOf(schema: Schema | undefined): readonly string[] {
  const def = schema && (schema as z.core.$ZodTypes)._zod.def
  return def?.type === 'literal' ? def.values.map(String) : []
}

/** A field that several options have: the widest of its forms, since the rules of the options narrow it. */
function mergedField(fields: readonly (Schema | undefined)[]): StructuralSchema {
  const forms = fields.filter(field => field !== undefined).map(structural)
  const description = forms.find(form => form.description !== undefined)?.description
  const minimum = Math.min(...forms.map(form => form.minimum ?? Number.NEGATIVE_INFINITY))
  const widest = forms.find(form => (form.minimum ?? minimum) === minimum && form.maximum === undefined) ?? forms[0]
  return { ...(description !== undefined && { description }), ...widest, ...(description !== undefined && { description }) }
}

interface Union {
  readonly key: string
  readonly type: string
  readonly names: readonly string[]
  readonly inAll: readonly string[]
}

function neededRules({ key, type, names, inAll }: Union, shape: Option): readonly CelRule[] {
  return names
    .filter(name => isRequired(shape[name]) && !inAll.includes(name))
    .map(name => ({
      rule: `self.${key} != '${type}' || has(self.${name})`,
      message: `expected ${name}, which ${key} ${type} needs`,
      fieldPath: `.${name}`,
      reason: 'FieldValueRequired',
    }))
}

function foreignRule(
  { key, name, typesOf }: { readonly key: string; readonly name: string; readonly typesOf: readonly string[] },
  options: readonly { readonly shape: Option }[],
): readonly CelRule[] {
  const owners = typesOf.filter((_, index) => options[index]?.shape[name] !== undefined)
  if (owners.length === typesOf.length) return []
  return [
    {
      rule: `!has(self.${name}) || self.${key} in [${owners.map(owner => `'${owner}'`).join(', ')}]`,
      message: `expected no ${name}: it belongs to ${key} ${owners.join(', ')}`,
      fieldPath: `.${name}`,
      reason: 'FieldValueForbidden',
    },
  ]
}

function onlyFor(key: string, type: string, rule: CelRule): CelRule {
  return { ...rule, rule: `self.${key} != '${type}' || (${rule.rule})` }
}
