import type { Command } from 'commander'

export interface RunOptions {
  readonly config?: string
  readonly kubeconfig?: string
  readonly context?: string
  readonly dryRun?: boolean
  readonly printConfig?: boolean
}

/** `crescendo run`: the controller on a real cluster. */
export function registerRun(program: Command): void {
  program
    .command('run')
    .description('scale the workloads of a Kubernetes cluster')
    .option('--config <file>', 'a ControllerConfiguration; without it every key has its default')
    .option('--kubeconfig <file>', 'the cluster; default: $KUBECONFIG, the pod that this runs in, ~/.kube/config')
    .option('--context <name>', 'a context of the kubeconfig other than its current one')
    .option('--dry-run', 'decide and record, write nothing to the cluster')
    .option('--print-config', 'print the configuration in force, with the origin of each value, and end')
    .action(async (options: RunOptions) => {
      const { runController } = await import('../run/run-controller.ts')
      process.exitCode = await runController(options, process.env)
    })
}
