import { z } from 'zod'
import { CrescendoError } from '../errors.ts'
import { parseTimestamp, quote } from '../observe/series-row.ts'
import { note, paint, printJson, printLine } from './output.ts'
import { harmless } from './terminal/text.ts'

export interface ExplainOptions {
  readonly server: string
  readonly namespace?: string
  readonly at?: string
  readonly json?: boolean
}

const TIMEOUT_MS = 10_000

/** Read as loosely as we can: the server may be newer than we are. */
const explanation = z.looseObject({ sentence: z.string(), text: z.string() })
const workloads = z.looseObject({ workloads: z.array(z.looseObject({ namespace: z.string(), name: z.string() })) })
const problem = z.looseObject({ detail: z.string() })

/** The server could not help; the message is for a person, and no bad usage. */
class Unanswered extends Error {}

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

function serverUrl(text: string): URL {
  const url = URL.parse(text)
  const expected = 'expected a URL such as http://127.0.0.1:8080'
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new CrescendoError('CRS_USAGE', `--server: found ${quote(text)}, ${expected}`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new CrescendoError('CRS_USAGE', `--server: found a URL with a name or password in it, ${expected}`)
  }
  url.pathname = url.pathname.replace(/\/*$/, '/') // a server may stand behind a path
  return url
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

async function ask<T>(server: URL, path: string, shape: z.ZodType<T>): Promise<T> {
  const { status, body } = await fetched(server, path)
  if (status === 200) {
    const parsed = shape.safeParse(body)
    if (parsed.success) return parsed.data
  } else {
    const said = problem.safeParse(body)
    if (said.success) throw new Unanswered(said.data.detail)
  }
  throw new Unanswered(`${server.origin} answered ${status} with something else: is it a crescendo demo or controller?`)
}

async function fetched(server: URL, path: string): Promise<{ status: number; body: unknown }> {
  try {
    const response = await fetch(new URL(path, server), { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })
    const text = await response.text()
    return { status: response.status, body: parsed(text) }
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') {
      throw new Unanswered(`${server.origin} did not answer within ${TIMEOUT_MS / 1000} s`)
    }
    throw new Unanswered(
      `nothing answers at ${server.origin} (${reasonOf(error)}): start \`crescendo demo\`, or name it with --server`,
    )
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // not ours: `ask` says so
  }
}

/** fetch says only "fetch failed"; what happened is in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message
  return String(cause)
}

function printExplanation({ sentence, text }: { readonly sentence: string; readonly text: string }): void {
  printLine(paint('bold', harmless(sentence)))
  for (const line of text.split('\n')) printLine(harmless(line))
}
