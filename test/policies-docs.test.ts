import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

test('docs/policies.md shows what the command in front of it prints', () => {
  const page = readFileSync('docs/policies.md', 'utf8')
  const [, command = '', shown = ''] =
    /<!-- example:begin \(crescendo ([^)]+)\) -->\n([\s\S]*?)<!-- example:end -->/.exec(page) ?? []
  const out = execFileSync(process.execPath, ['bin/crescendo.js', ...command.split(' ')], { encoding: 'utf8', stdio: 'pipe' })
  const lines = out
    .split('\n')
    .filter(line => /^(?:minReplicas|maxReplicas|prediction\.mode|priority|behaviorPreset|budget\.perHour) /.test(line))
  expect(lines).toHaveLength(6)
  expect(shown).toBe(`\`\`\`text\n${lines.join('\n')}\n\`\`\`\n`)
})
