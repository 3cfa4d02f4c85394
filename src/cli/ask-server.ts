import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { CrescendoError } from '../errors.ts'
import { quote } from '../observe/series-row.ts'

const TIMEOUT_MS = 10_000
const TOO_MANY = 429
const AGAIN_MS = 1000

const problem = z.looseObject({ detail: z.string() })

/** The server could not help; the message is for a person, and no bad usage. */
export class Unanswered extends Error {}

/** The address that `--server` names; anything but a plain HTTP URL is bad usage. */
export function serverUrl(text: string): URL {
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

/** What a demo or controller answers at `path`, in this shape; throws `Unanswered` where it does not. */
export async function ask<T>(server: URL, path: string, shape: z.ZodType<T>): Promise<T> {
  const { status, text } = await fetched(server, path)
  const body = parsed(text)
  if (status === 200) {
    const read = shape.safeParse(body)
    if (read.success) return read.data
  } else {
    const said = problem.safeParse(body)
    if (said.success) throw new Unanswered(said.data.detail)
  }
  throw new Unanswered(somethingElse(server, status))
}

/** The same for a page that is no JSON. */
export async function askText(server: URL, path: string): Promise<string> {
  const { status, text } = await fetched(server, path)
  if (status === 200) return text
  throw new Unanswered(somethingElse(server, status))
}

const somethingElse = ({ origin }: URL, status: number) =>
  `${origin} answered ${status} with something else: is it a crescendo demo or controller?`

async function once(url: URL): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })
  return { status: response.status, text: await response.text() }
}

/** Asks once more where the server says that it was asked too often: it lets a client in again after a second. */
async function fetched(server: URL, path: string): Promise<{ status: number; text: string }> {
  try {
    const url = new URL(path, server)
    const answer = await once(url)
    if (answer.status !== TOO_MANY) return answer
    await pause(AGAIN_MS)
    return await once(url)
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
