import type { PageOrigin } from '../page/render-page.ts'
import { packageVersion } from './package-version.ts'

/** What the foot of a page says: who made it, and the command line that makes it again. */
export function pageOrigin(): PageOrigin {
  return {
    command: ['crescendo', ...process.argv.slice(2).map(shellWord)].join(' '),
    madeBy: `crescendo ${packageVersion()}`,
  }
}

function shellWord(text: string): string {
  return /^[\w./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
