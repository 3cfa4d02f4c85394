import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { differences } from './compare.ts'
import { FUNCTIONS } from './functions.ts'

const SCHEMA = 'hpa-vectors/1'

const vector = z.object({
  id: z.string(),
  name: z.string().default(''),
  function: z.string(),
  input: z.unknown(),
  expected: z.record(z.string(), z.unknown()),
})

const file = z.object({ schema: z.literal(SCHEMA), vectors: z.array(z.unknown()) })

/** One vector, or one file that could not be read as vectors: nothing to say means it passed. */
export interface Outcome {
  readonly id: string
  readonly failure?: string
}

/** Every `*.json` of a directory, in order of names. Throws what `node:fs` throws where there is no such directory. */
export function runDirectory(directory: string): readonly Outcome[] {
  const names = readdirSync(directory).filter(name => name.endsWith('.json'))
  return names.toSorted().flatMap(name => runFile(name, join(directory, name)))
}

function runFile(name: string, path: string): readonly Outcome[] {
  try {
    return runText(name, readFileSync(path, 'utf8'))
  } catch (error) {
    return [{ id: name, failure: `cannot be read: ${(error as Error).message}` }]
  }
}

/** The vectors of one file. What is no such file is a failure of its own. */
export function runText(name: string, text: string): readonly Outcome[] {
  const failed = (failure: string): readonly Outcome[] => [{ id: name, failure }]
  let json: unknown
  try {
    json = JSON.parse(text, exactIntegers)
  } catch (error) {
    return failed(`not JSON: ${(error as Error).message}; expected a file of schema ${SCHEMA}`)
  }
  const parsed = file.safeParse(json)
  if (!parsed.success) return failed(`not a file of schema ${SCHEMA}: ${problems(parsed.error)}`)
  return parsed.data.vectors.map((one, index) => runVector(one, `${name}[${index}]`))
}

/** Integers beyond 2^53 are kept exact, also where a file writes them as plain numbers. */
function exactIntegers(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source
  const inexact = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
  return inexact && source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value
}

function runVector(given: unknown, place: string): Outcome {
  const parsed = vector.safeParse(given)
  if (!parsed.success) return { id: place, failure: `not a vector: ${problems(parsed.error)}` }
  const { id, name, function: called, input, expected } = parsed.data
  const label = name === '' ? id : `${id} (${name})`
  const run = Object.hasOwn(FUNCTIONS, called) ? FUNCTIONS[called] : undefined
  if (run === undefined)
    return { id: label, failure: `unknown function "${called}"; known are ${Object.keys(FUNCTIONS).join(', ')}` }
  if (Object.keys(expected).length === 0) return { id: label, failure: 'nothing is expected, so nothing can be checked' }
  try {
    const found = differences(expected, run(input))
    return found.length === 0 ? { id: label } : { id: label, failure: `${called}: ${found.join('; ')}` }
  } catch (error) {
    if (error instanceof z.ZodError)
      return { id: label, failure: `${called}: input is not as the schema has it: ${problems(error)}` }
    return { id: label, failure: `${called}: expected an answer, came the exception "${(error as Error).message}"` }
  }
}

function problems(error: z.ZodError): string {
  return error.issues.map(issue => `${issue.path.join('.') || 'whole'}: ${issue.message}`).join(', ')
}
