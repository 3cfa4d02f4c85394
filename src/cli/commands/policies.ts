import type { Command } from 'commander'

const HELP = `
From weak to strong: built-in, global configuration, tier, profile, behaviour preset, extends in order, policy, explicit fields of the
object; then the bounds of the policies cut. Objects are laid over each other field by field, objectives by type and metric, schedules
by name, other lists as a whole.`

interface Options {
  readonly file?: string
  readonly json?: true
}

/** `crescendo policies`: which policies there are, and what follows from one. */
export function registerPolicies(program: Command): void {
  const policies = program.command('policies').description('the policies that there are, and what each results in')
  policies
    .command('list')
    .description('names of the policies that ship with Crescendo, and of those in a file')
    .option('--file <file>', 'YAML or JSON with policies of your own, on top of the default ones')
    .option('--json', 'print one JSON document')
    .action(async (options: Options) => {
      const { listPolicies } = await import('../show-policies.ts')
      await listPolicies(options)
    })
  policies
    .command('show')
    .description('what is in force by a policy or an object, and where each value comes from')
    .argument('<name>', 'policy, with or without its prefix; with --object, an object of the file')
    .option('--file <file>', 'YAML or JSON with policies, objects and a configuration, on top of the default policies')
    .option('--object', 'the name is that of a HorizontalPodAutoscaler in the file')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action(async (name: string, options: Options & { readonly object?: true }) => {
      const { showPolicy } = await import('../show-policies.ts')
      await showPolicy(name, options)
    })
}
