import { stringify } from 'yaml'
import type { Imported } from './import-items.ts'

/** The result as YAML: each document says what it was made from and what could not be carried over. */
export function renderImported({ drafts, remarks }: Imported): string {
  const own = new Set(drafts.flatMap(draft => draft.remarks))
  const rest = remarks.filter(remark => remark.leftOut && !own.has(remark)).map(said)
  const documents = drafts.map(({ from, document, remarks: about }) => {
    const lines = [`from ${from}`, ...about.map(said)]
    return `${comment(lines)}${stringify(document, { lineWidth: 0 })}`
  })
  return [...(rest.length > 0 ? [comment(rest)] : []), ...documents].join('---\n')
}

/** "left out, keda.yaml:14: trigger kafka: …" or "check, keda.yaml:3: …" */
export function said({ where, message, leftOut }: Imported['remarks'][number]): string {
  return `${leftOut ? 'left out' : 'check'}, ${where}: ${message}`
}

function comment(lines: readonly string[]): string {
  return lines.map(line => `# ${line.replace(/\p{Cc}+/gu, ' ')}\n`).join('')
}
