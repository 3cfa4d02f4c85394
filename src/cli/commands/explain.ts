import type { Command } from 'commander'
import { DEFAULT_SERVER } from '../default-server.ts'

/** `crescendo explain NAME`: asks a running demo or controller why a workload has as many replicas as it has. */
export function registerExplain(program: Command): void {
  program
    .command('explain')
    .description('why this replica count: the decision of a running demo or controller, with its whole argument')
    .argument('<name>', 'workload')
    .option('--namespace <ns>', 'its namespace; may be left out where the name is the only one')
    .option('--at <time>', 'the decision that held at that time (ISO 8601 or epoch seconds); default: the latest')
    .option('--server <url>', 'where the demo or controller listens', DEFAULT_SERVER)
    .option('--json', 'print one JSON document')
    .action(async (name: string, options: { namespace?: string; at?: string; server: string; json?: true }) => {
      const { explainWorkload } = await import('../explain-workload.ts')
      process.exitCode = await explainWorkload(name, options)
    })
}
