import { type Command, Option } from 'commander'

/** What the command line says. */
export interface ImportCommandOptions {
  readonly fromCluster?: true
  readonly kubeconfig?: string
  readonly namespace?: string
  readonly policy?: string
  readonly mode: 'Recommend' | 'Auto'
  readonly json?: true
}

const HELP = `
The imported objects have mode Recommend: they decide and record beside the old scaler, and write nothing. When you like what they
say, delete the old object and set mode: Auto. Whatever has no counterpart is named on standard error and in a comment of the result,
and the exit code is 1. Prometheus triggers become External metrics with a MetricSource, which an admin must review.`

/** `crescendo import FILE…|--from-cluster`: stock HPAs and KEDA ScaledObjects in, our resources out. */
export function registerImport(program: Command): void {
  program
    .command('import')
    .description('turn HorizontalPodAutoscalers and KEDA ScaledObjects into ours')
    .argument('[files...]', 'YAML or JSON manifests; - is standard input')
    .option('--from-cluster', 'read them from a cluster instead of files')
    .option('--kubeconfig <file>', 'which cluster (default: as kubectl finds it)')
    .option('--namespace <name>', 'of the cluster, only this one; of files, for objects that name none')
    .option('--policy <name>', 'a ScalingPolicy that the imported objects follow')
    .addOption(new Option('--mode <mode>', 'of the imported objects').choices(['Recommend', 'Auto']).default('Recommend'))
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action(async (files: readonly string[], options: ImportCommandOptions) => {
      const { runImport } = await import('../import/run-import.ts')
      process.exitCode = await runImport(files, options)
    })
}
