import { z } from 'zod'
import { CrescendoError } from '../errors.ts'
import { parseTimestamp, quote } from '../observe/series-row.ts'
import { ask, serverUrl, Unanswered } from './ask-server.ts'
import { note, paint, printJson, printLine } from './output.ts'
import { harmless } from './terminal/text.ts'

export interface ExplainOptions {
  readonly server: string
  readonly namespace?: string
  readonly at?: string
  readonly json?: boolean
}

/** Read as loosely as we can: the server may be newer than we are. */
const explanation = z.looseObject({ sentence: z.string(), text: z.string() })
const workloads = z.looseObject({ workloads: z.array(z.looseObject({ namespace: z.string(), name: z.string() })) })

/** Prints the explanation. Gives the exit code: 1 where nobody answers or knows; bad usage throws. */
export async function explainWorkload(name: string, options: ExplainOptions): Promise<number> {
  const server = serverUrl(options.server)
  const query = options.at === undefined ? '' : `?at=${isoOf(options.at)}`
  try {
    const namespace = options.namespace ?? (await namespaceOf(server, name))
    const path = `api/v1/workloads/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}/explain${query}`
    const answer = await ask(server, path, explanation)
    if (options.json) printJson(answer)
    else printExplanation(answer)
    return 0
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error
    note(`crescendo: ${harmless(error.message)}`)
    return 1
  }
}

function isoOf(text: string): string {
  const at = parseTimestamp(text.trim())
  if (typeof at === 'string') throw new CrescendoError('CRS_USAGE', `--at: ${at}`)
  return new Date(at).toISOString()
}

/** The only namespace that has such a workload; a name that stands in several needs --namespace. */
async function namespaceOf(server: URL, name: string): Promise<string> {
  const known = (await ask(server, 'api/v1/workloads', workloads)).workloads
  const found = known.filter(workload => workload.name === name).map(({ namespace }) => namespace)
  if (found.length === 1) return found[0]!
  if (found.length > 1) throw new Unanswered(`${name} is in the namespaces ${found.join(', ')}: choose one with --namespace`)
  const names = known.map(workload => `${workload.namespace}/${workload.name}`).join(', ')
  throw new Unanswered(`no workload ${quote(name)} at ${server.origin}; it knows ${names || 'none'}`)
}

function printExplanation({ sentence, text }: { readonly sentence: string; readonly text: string }): void {
  printLine(paint('bold', harmless(sentence)))
  for (const line of text.split('\n')) printLine(harmless(line))
}
