import { DEFAULT_SERVER } from '../default-server.ts'

/** Where one goes on from here. */
export interface WhereNow {
  /** The user's own file, where it was played. */
  readonly trace?: string | undefined
  /** The server that still answers, and a workload to ask it about. */
  readonly serving?: { readonly address: string; readonly workload: string }
}

/** Three commands that go on from here, all of which exist. */
export function nextCommands({ trace, serving }: WhereNow): readonly string[] {
  const file = quoted(trace ?? 'your.csv')
  const server = serving === undefined || serving.address === DEFAULT_SERVER ? '' : ` --server ${serving.address}`
  return [
    serving === undefined ? `crescendo anomalies ${file}` : `crescendo explain ${serving.workload}${server}`,
    trace === undefined ? 'crescendo demo --trace your.csv' : 'crescendo demo',
    `crescendo backtest --trace ${file} --html report.html`,
  ]
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
