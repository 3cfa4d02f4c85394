import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { cacheFolder, missingPrograms } from './control-plane-binaries.ts'
import { postgresPrograms } from './postgres.ts'
import { prometheusBinary } from './prometheus.ts'

const onPath = (program: string) => (process.env.PATH ?? '').split(delimiter).some(folder => existsSync(join(folder, program)))

/** What the suites with a real cluster lack on this machine, each with its remedy; empty where they can run. Builds nothing. */
export function whatIsMissing(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const lacks: string[] = []
  // .ci/run has just tried to build one, and says so: no second try of minutes.
  const refused = environment.E2E_NO_CONTROL_PLANE
  const assets = environment.KUBEBUILDER_ASSETS
  const have = [assets, cacheFolder(environment)].some(folder => folder && missingPrograms(folder).length === 0)
  if (refused) lacks.push(`a control plane: ${refused}`)
  else if (!have && spawnSync('go', ['version']).status !== 0) {
    lacks.push('a control plane: neither KUBEBUILDER_ASSETS nor the cache has one, and there is no Go to build it')
  }
  if (prometheusBinary() === undefined) lacks.push('Prometheus: apt-get install prometheus')
  if (postgresPrograms() === undefined) lacks.push('PostgreSQL: apt-get install postgresql')
  if (!onPath('openssl')) lacks.push('openssl: apt-get install openssl')
  return lacks
}
