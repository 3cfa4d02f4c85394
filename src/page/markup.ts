/** How a line or a mark is drawn: a custom property of page.css, and a dash where it is not solid. */
export interface Stroke {
  readonly colour: string
  readonly dash?: readonly number[]
}

/** Text from outside, safe inside elements and quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

/** A short piece of the line itself, to stand before its name. */
export function strokeKey({ colour, dash }: Stroke): string {
  const shape = dash === undefined ? '' : (dash[0] ?? 0) <= 2 ? ' dotted' : ' dashed'
  return `<span class="key${shape}" data-colour="${colour}"></span>`
}

/** Three significant digits below 1000, whole numbers with separators above. */
export function amount(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

export function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${amount(Math.abs(value))}`
}

/** A quantile level as people say it: 0.99 is "p99". */
export function levelName(level: number): string {
  return `p${Number((100 * level).toFixed(3))}`
}

/** "2026-11-02 10:15 UTC" of a time in milliseconds since the epoch. */
export function instantText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** Names and values in one wrapping line; both are markup. */
export function factList(facts: readonly (readonly [name: string, value: string])[]): string {
  return `<dl class="facts">${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>`
}

/** Rows of `<tr>` under a head, in a box that scrolls sideways where the page is narrow. `label` is text, `head` is markup. */
export function scrollTable(label: string, head: readonly string[], rows: readonly string[]): string {
  const cells = head.map(title => `<th scope="col">${title}</th>`).join('')
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(label)}"><table><thead><tr>${cells}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`
}

/** A row of cells that are markup. */
export function tableRow(cells: readonly string[]): string {
  return `<tr>${cells.map(cell => `<td>${cell}</td>`).join('')}</tr>`
}
