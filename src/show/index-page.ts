import { type Facts, idOf } from './facts.ts'

export const INDEX_STYLE =
  ':root{color-scheme:dark light}body{font:15px/24px system-ui,sans-serif;max-width:60ch;margin:48px auto;padding:0 16px}li{overflow-wrap:anywhere}code{font:13px ui-monospace,monospace}'

/** What this server offers, as a page without scripts. The web app is not part of it yet, so it does not pretend to be one. */
export function indexPage(facts: Facts, paths: readonly string[]): string {
  const first = facts.workloads()[0]
  const links = paths.map(path => {
    const filled = first === undefined ? path : path.replace(':namespace', first.namespace).replace(':name', first.name)
    return `<li><a href="${escapeText(filled)}">${escapeText(filled)}</a></li>`
  })
  const names = facts.workloads().map(workload => escapeText(idOf(workload)))
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Crescendo</title>
<style>${INDEX_STYLE}</style></head>
<body><main><h1>Crescendo ${escapeText(facts.version)}</h1>
<p>This is the JSON API of a running Crescendo. The live view is in the terminal that started it.</p>
<p>Workloads: ${names.join(', ') || 'none yet'}</p>
<ul>${links.join('')}</ul>
<p>Watch it: <code>curl -N http://…/api/v1/stream</code></p></main></body></html>
`
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
