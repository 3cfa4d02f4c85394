type Labels = Readonly<Record<string, string>>

/** One requirement of a selector in its written form: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`. */
function requirement(text: string): (labels: Labels) => boolean {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text)
  if (set) {
    const [, key = '', operator, list = ''] = set
    const values = list.split(',').map(value => value.trim())
    return labels => values.includes(labels[key] ?? '\0') === (operator === 'in')
  }
  const [, key = '', operator, value = ''] = /^([^=!]+?)\s*(!=|==?)\s*(.*)$/.exec(text) ?? []
  if (operator !== undefined) return labels => (labels[key] === value) === (operator !== '!=')
  return text.startsWith('!') ? labels => !(text.slice(1).trim() in labels) : labels => text in labels
}

/** The meaning of a `labelSelector` parameter; an empty one selects everything. */
export function matcher(selector: string): (labels: Labels) => boolean {
  const parts = selector.split(/,(?![^(]*\))/).map(part => part.trim())
  const requirements = parts.filter(part => part !== '').map(requirement)
  return labels => requirements.every(holds => holds(labels))
}
