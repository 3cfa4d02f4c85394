import { CrescendoError } from '../../errors.ts'
import { type Imported, importItems, itemsOf } from '../../migrate/import-items.ts'
import { renderImported, said } from '../../migrate/render.ts'
import type { ImportItem } from '../../migrate/translation.ts'
import { readText } from '../../resources/load.ts'
import type { ImportCommandOptions } from '../commands/import.ts'
import { note, printJson, printLine } from '../output.ts'
import { harmless } from '../terminal/text.ts'

/** Prints our resources for what was found; gives the exit code: 0, or 1 where something of the originals was left out. */
export async function runImport(files: readonly string[], options: ImportCommandOptions): Promise<number> {
  const items = options.fromCluster ? await itemsOfCluster(files, options) : await itemsOfFiles(files, options)
  const { mode, policy, namespace } = options
  const imported = importItems(items, {
    mode,
    ...(policy !== undefined && { policy }),
    ...(namespace !== undefined && { namespace }),
  })
  for (const remark of imported.remarks) note(harmless(`crescendo: ${said(remark)}`))
  refuseNothing(imported, options)
  if (options.json) printJson(reportOf(imported))
  else if (imported.drafts.length > 0) printLine(renderImported(imported).trimEnd())
  return imported.remarks.some(({ leftOut }) => leftOut) ? 1 : 0
}

async function itemsOfFiles(files: readonly string[], { kubeconfig }: ImportCommandOptions): Promise<readonly ImportItem[]> {
  if (files.length === 0) throw new CrescendoError('CRS_USAGE', 'import needs files, - for standard input, or --from-cluster')
  if (kubeconfig !== undefined)
    throw new CrescendoError('CRS_USAGE', '--kubeconfig names a cluster; add --from-cluster, or leave it out')
  const items: ImportItem[] = []
  for (const path of files) {
    const file = path === '-' ? 'standard input' : path
    items.push(...itemsOf(file, await readText(path, file)))
  }
  return items
}

async function itemsOfCluster(files: readonly string[], options: ImportCommandOptions): Promise<readonly ImportItem[]> {
  if (files.length > 0) throw new CrescendoError('CRS_USAGE', '--from-cluster and files exclude each other')
  const { readCluster } = await import('./from-cluster.ts')
  return readCluster(options)
}

/** Files without anything to import are a mistake on the command line; a cluster without is an answer. */
function refuseNothing({ drafts, remarks }: Imported, { fromCluster }: ImportCommandOptions): void {
  if (drafts.length > 0 || remarks.some(({ leftOut }) => leftOut)) return
  const nothing = 'found no HorizontalPodAutoscaler of autoscaling/v1 or v2 and no ScaledObject of keda.sh/v1alpha1'
  if (!fromCluster) throw new CrescendoError('CRS_DOCUMENT_INVALID', `${nothing} in these files`)
  note(`crescendo: ${nothing} in this cluster`)
}

function reportOf({ drafts, remarks }: Imported) {
  const plain = ({ where, message }: Imported['remarks'][number]) => ({ where, message })
  return {
    documents: drafts.map(({ document }) => document),
    leftOut: remarks.filter(({ leftOut }) => leftOut).map(plain),
    toCheck: remarks.filter(({ leftOut }) => !leftOut).map(plain),
  }
}
