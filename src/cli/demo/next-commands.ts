/** Three commands that go on from here, all of which exist. */
export function nextCommands(trace: string | undefined): readonly string[] {
  const file = trace ?? 'your.csv'
  return [
    ...(trace === undefined ? ['crescendo demo --trace your.csv'] : ['crescendo demo']),
    `crescendo backtest --trace ${quoted(file)} --html report.html`,
    `crescendo forecast ${quoted(file)} --evaluate`,
  ]
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
