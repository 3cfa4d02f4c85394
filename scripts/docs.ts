/**
 * `npm run docs`: writes what is made from the code: docs/errors.md, docs/cli.md, docs/configuration.md, the demo in README.md.
 * `test/docs.test.ts` fails when a page and the code differ.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { ERROR_CODES } from '../src/errors.ts'
import { type ConfigurationKey, configurationSections } from '../src/resources/configuration-keys.ts'
import { cataloguePage } from './metric-catalogue-page.ts'
import { resourcesPage } from './resources-page.ts'

const MADE_BY = '<!-- Made by `npm run docs`; edit the code, not this page. -->'

/** docs/errors.md: every code of src/errors.ts in its order, with what to do. */
function errorsPage(): string {
  const entries = Object.entries(ERROR_CODES).map(([code, advice]) => `## ${code}\n\n${advice}\n`)
  return [
    `# Errors\n\n${MADE_BY}\n`,
    'Every error that Crescendo reports on purpose carries one of these codes. The command line prints one line: where, what\nwas found, and what was expected. Bad usage and bad input end with exit code 2.\n',
    ...entries,
  ].join('\n')
}

/** What `crescendo ...arguments --help` prints, as a user in this checkout sees it. */
export function helpOf(...commands: readonly string[]): string {
  const entry = new URL('../bin/crescendo.js', import.meta.url).pathname
  const environment = { ...process.env, NO_COLOR: '1' }
  return execFileSync(process.execPath, [entry, ...commands, '--help'], { encoding: 'utf8', env: environment }).trimEnd()
}

/** The commands that `crescendo --help` lists, without `help` itself. */
export function commandsOf(help: string): readonly string[] {
  const section = /\nCommands:\n((?: .*\n?)+)/.exec(`${help}\n`)?.[1] ?? ''
  const names = [...section.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(match => match[1] ?? '')
  return names.filter(name => name !== 'help')
}

/** docs/cli.md: the help of the program and of each of its commands, word for word. */
function cliPage(): string {
  const help = helpOf()
  const chapters = commandsOf(help).map(name => `## crescendo ${name}\n\n${block(helpOf(name))}\n`)
  return [
    `# Command line\n\n${MADE_BY}\n`,
    'Exit codes: 0 done, 1 the thing asked for failed or found problems, 2 bad usage or bad input. `--json` prints one JSON\ndocument on standard output and nothing else; progress and logs go to standard error.\n',
    `${block(help)}\n`,
    ...chapters,
  ].join('\n')
}

/** docs/configuration.md: every key of the ControllerConfiguration, read off its schema. */
function configurationPage(): string {
  const chapters = configurationSections().map(({ name, description, keys }) => {
    const rows = keys.map(key => `| \`${key.path}\` | ${standardOf(key)} | ${key.description.replaceAll('|', '\\|')} |`)
    return [`## ${name}`, description, ['| key | default | meaning |', '|---|---|---|', ...rows].join('\n'), '']
      .join('\n\n')
      .trimEnd()
  })
  return [
    `# Configuration\n\n${MADE_BY}`,
    'What `crescendo run --config FILE` reads: one ControllerConfiguration. `config/global-config.yaml` is one to begin with, `crescendo\nvalidate FILE` checks yours, `crescendo run --print-config` shows what is in force and where each value came from.',
    'An environment variable outranks the file: `CRESCENDO_` and the key in capitals with underscores, so `controller.dryRun` is\n`CRESCENDO_CONTROLLER_DRY_RUN`; lists are separated by commas. Secrets are never written down: `{ env: NAME }` or `{ file: PATH }` says\nwhere they are. Where tier, profile, policy or object say something too, their word counts.',
    ...chapters,
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n')
}

function standardOf({ standard, choices }: ConfigurationKey): string {
  const told =
    standard === undefined ? 'none' : Array.isArray(standard) && standard.length === 0 ? 'empty' : `\`${String(standard)}\``
  return choices.length === 0 ? told : `${told}; one of ${choices.join(', ')}`
}

function block(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``
}

/** README.md with the recorded terminal view of docs/demo-view.txt between its two marks; unchanged where there is no recording. */
function readmePage(): string {
  const page = readFileSync('README.md', 'utf8')
  if (!existsSync('docs/demo-view.txt')) return page
  const [begin, end] = ['<!-- demo-view:begin (docs/demo-view.txt) -->', '<!-- demo-view:end -->']
  const [from, to] = [page.indexOf(begin) + begin.length, page.indexOf(end)]
  return `${page.slice(0, from)}\n${block(readFileSync('docs/demo-view.txt', 'utf8').trimEnd())}\n${page.slice(to)}`
}

/** The pages by path from the repository root. */
export const PAGES: Readonly<Record<string, () => string>> = {
  'docs/errors.md': errorsPage,
  'docs/cli.md': cliPage,
  'docs/configuration.md': configurationPage,
  'docs/resources.md': () => resourcesPage(MADE_BY),
  'docs/metric-catalogue.md': () => cataloguePage(MADE_BY),
  'README.md': readmePage,
}

if (import.meta.main) {
  for (const [path, page] of Object.entries(PAGES)) {
    const text = page()
    const before = readOr(path, '')
    writeFileSync(path, text)
    process.stdout.write(`${path}: ${before === text ? 'unchanged' : 'written'}\n`)
  }
}

function readOr(path: string, empty: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return empty
  }
}
