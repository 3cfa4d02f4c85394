import { crds } from '../src/resources/crd.ts'
import type { StructuralSchema } from '../src/resources/structural.ts'

type Definition = ReturnType<typeof crds>[number]

/** docs/resources.md: every field of every kind, from the CRDs that the cluster gets. */
export function resourcesPage(madeBy: string): string {
  return `${[
    '# Resources',
    madeBy,
    'Three kinds of `autoscaling.spotify.ai/v2`. One schema makes the validator of files (`crescendo validate`), the\nCustomResourceDefinitions and this page; a test puts the same objects before a real API server and before the validator.',
    'Everything that `autoscaling/v2` accepts is accepted by a HorizontalPodAutoscaler of ours, with three differences that a\nCustomResourceDefinition forces or a typing error suggests: a quantity with a fraction needs quotes (`"0.5"`), `maxReplicas`\nis at most 1000000, and lists and texts have the longest lengths given below. An unknown field is an error.',
    'What one object alone does not show is checked by the controller and told in its conditions: a `cron` that never comes true\n(31 February), a time zone that does not exist, a `policyRef` to nothing, a second autoscaler on the same target.',
    ...crds().flatMap(chapter),
  ].join('\n\n')}\n`
}

function chapter({ metadata, spec }: Definition): readonly string[] {
  const [version] = spec.versions
  const root = version?.schema.openAPIV3Schema ?? {}
  const columns = (version?.additionalPrinterColumns ?? []).map(
    ({ name, priority, jsonPath, description }) =>
      `| ${name} | \`${jsonPath}\` | ${description}${priority === 1 ? ' Only with `-o wide`.' : ''} |`,
  )
  return [
    `## ${String(spec.names.kind)}`,
    `${root.description ?? ''} ${spec.scope === 'Cluster' ? 'Cluster-scoped' : 'Namespaced'}, \`${metadata.name}\`, short name \`${String(spec.names.shortNames)}\`.`,
    `### Fields of spec`,
    table(root.properties?.spec ?? {}),
    ...rulesOf(root.properties?.spec ?? {}),
    `### Fields of status`,
    table(root.properties?.status ?? {}),
    `### What \`kubectl get ${String(spec.names.shortNames)}\` prints`,
    ['| column | from | what |', '| --- | --- | --- |', ...columns].join('\n'),
  ]
}

function table(schema: StructuralSchema): string {
  const rows = fieldsOf(schema, '').map(
    ({ path, field, isRequired }) =>
      `| \`${path}\` | ${typeOf(field)}${isRequired ? ', required' : ''} | ${escaped(field.description ?? '')}${enumOf(field)} |`,
  )
  return ['| field | type | what |', '| --- | --- | --- |', ...rows].join('\n')
}

interface Field {
  readonly path: string
  readonly field: StructuralSchema
  readonly isRequired: boolean
}

function fieldsOf(schema: StructuralSchema, prefix: string): readonly Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`
    const isRequired = schema.required?.includes(name) ?? false
    const inner = field.items ? fieldsOf(field.items, `${path}[].`) : fieldsOf(field, `${path}.`)
    return [{ path, field, isRequired }, ...inner]
  })
}

function typeOf(schema: StructuralSchema): string {
  if (schema['x-kubernetes-int-or-string']) return 'quantity'
  if (schema.format === 'date-time') return 'time'
  if (schema.additionalProperties) return `map of texts, at most ${schema.maxProperties}`
  if (schema.items) return `list of ${schema.items.type === 'string' ? 'texts' : 'objects'}, at most ${schema.maxItems}`
  if (schema.type === 'string') return schema.maxLength === undefined ? 'text' : `text, at most ${schema.maxLength}`
  return schema.type === 'integer' ? 'whole number' : (schema.type ?? 'any')
}

function enumOf({ enum: choices }: StructuralSchema): string {
  return choices === undefined ? '' : ` One of ${choices.map(choice => `\`${choice}\``).join(', ')}.`
}

/** What the API server checks beyond types and bounds, in the words of its messages. */
function rulesOf(schema: StructuralSchema): readonly string[] {
  const rules = withRules(schema, 'spec').flatMap(({ path, rules }) =>
    rules.map(({ message, fieldPath = '' }) => `| \`${path}${fieldPath}\` | ${escaped(message)} |`),
  )
  return rules.length === 0 ? [] : ['### Rules of spec', ['| where | what |', '| --- | --- |', ...new Set(rules)].join('\n')]
}

interface Ruled {
  readonly path: string
  readonly rules: NonNullable<StructuralSchema['x-kubernetes-validations']>
}

function withRules(schema: StructuralSchema, path: string): readonly Ruled[] {
  const own = schema['x-kubernetes-validations'] ?? []
  const inner = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => withRules(field, `${path}.${name}`))
  const items = schema.items ? withRules(schema.items, `${path}[]`) : []
  return [...(own.length > 0 ? [{ path, rules: own }] : []), ...inner, ...items]
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|')
}
