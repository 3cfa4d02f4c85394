import { controlPlaneBinaries } from './control-plane-binaries.ts'

/** Before the first suite, outside every time limit: a first build of the control plane takes minutes. */
export async function setup(): Promise<void> {
  const { folder, source } = await controlPlaneBinaries()
  process.stderr.write(`control plane: ${folder} (${source})\n`)
}
