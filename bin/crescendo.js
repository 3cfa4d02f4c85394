#!/usr/bin/env node
// A checkout runs its sources (Node strips the types); the npm package ships only dist/.
import { existsSync } from 'node:fs'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `crescendo: Node.js ${process.versions.node} is too old; 22.19 or newer is needed (in a checkout, npm ci brings it: npx crescendo)\n`,
  )
  process.exit(2)
}
const source = new URL('../src/cli/main.ts', import.meta.url)
const { main } = await import(existsSync(source) ? source.href : new URL('../dist/cli/main.js', import.meta.url).href)
process.exitCode = await main(process.argv.slice(2))
