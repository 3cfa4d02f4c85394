import { configurationText, type EffectiveConfiguration, loadConfiguration } from '../../resources/configuration.ts'
import { readSecret } from '../../resources/secret.ts'
import { listen } from '../../show/listen.ts'
import { createServer } from '../../show/server.ts'
import type { RunOptions } from '../commands/run.ts'
import { note } from '../output.ts'
import { packageVersion } from '../package-version.ts'
import { createLog } from './log.ts'
import { type Environment, type OpenController, openController } from './open-controller.ts'

/** `crescendo run`: composes the adapters, runs until SIGTERM or SIGINT, and ends in order. Gives the exit code. */
export async function runController(options: RunOptions, env: Environment): Promise<number> {
  const configuration = await loadConfiguration({ env, ...(options.config !== undefined && { file: options.config }) })
  if (options.printConfig) {
    process.stdout.write(configurationText(configuration))
    return 0
  }
  const isDryRun = options.dryRun === true || configuration.controller.dryRun
  const log = createLog(configuration.telemetry.logLevel)
  const { kubeconfig, context } = options
  const choice = { ...(kubeconfig !== undefined && { kubeconfig }), ...(context !== undefined && { context }) }
  const running = await openController({ choice, configuration, env, isDryRun, log })
  const server = await serve(running, configuration, env)
  const stop = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort())
  note(
    `crescendo ${packageVersion()} at ${running.client.server}${isDryRun ? ', dry run: nothing is written' : ''}; API at ${server.address}`,
  )
  await running.controller.run(stop.signal)
  await server.close()
  await running.close()
  log.info('ended', {})
  log.flush()
  return 0
}

async function serve({ facts, pushed }: OpenController, { metrics, server }: EffectiveConfiguration, env: Environment) {
  const token = metrics.pushToken && (await readSecret(metrics.pushToken, env))
  const { host, port, allowedHosts } = server
  const app = createServer(facts, { allowedHosts, push: { buffer: pushed, ...(token !== undefined && { token }) } })
  return { address: await listen(app, { host, port, tries: 1 }), close: () => app.close() }
}
