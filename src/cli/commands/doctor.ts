import type { Command } from 'commander'
import { DEFAULT_SERVER } from '../default-server.ts'

/** `crescendo doctor [NAME]`: asks a running demo or controller for its facts, and says what is wrong and what to do. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('find slow scaling, cost overrun and degraded performance in a running demo or controller, and say what to do')
    .argument('[name]', 'workload; all of them when left out')
    .option('--namespace <ns>', 'only workloads of this namespace')
    .option('--server <url>', 'where the demo or controller listens', DEFAULT_SERVER)
    .option('--all', 'tell what is well too, with its figures')
    .option('--json', 'print one JSON document')
    .action(async (name: string | undefined, options: { namespace?: string; server: string; all?: true; json?: true }) => {
      const { runDoctor } = await import('../doctor/run-doctor.ts')
      process.exitCode = await runDoctor(name, options)
    })
}
