import { serverUrl, Unanswered } from '../ask-server.ts'
import { note, printJson } from '../output.ts'
import { harmless } from '../terminal/text.ts'
import { examine } from './examine.ts'
import { readFacts } from './read-facts.ts'
import { countsOf, tell } from './tell.ts'

export interface DoctorOptions {
  readonly server: string
  readonly namespace?: string
  readonly all?: boolean
  readonly json?: boolean
}

/** Makes every check and prints what it found. Gives the exit code: 1 with findings, or where no check could be made; bad usage throws. */
export async function runDoctor(name: string | undefined, options: DoctorOptions): Promise<number> {
  const server = serverUrl(options.server)
  const { namespace } = options
  try {
    const { time, house, cases } = await readFacts(server, { ...(name && { name }), ...(namespace && { namespace }) })
    const results = await examine(house, cases)
    const counts = countsOf(results)
    if (options.json) printJson({ time, server: server.origin, ...counts, results })
    else tell(results, { all: options.all ?? false })
    return counts.findings > 0 || counts.checks === 0 ? 1 : 0
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error
    note(`crescendo: ${harmless(error.message)}`)
    return 1
  }
}
