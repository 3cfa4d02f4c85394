import type { Command } from 'commander'

/** `crescendo validate FILE…`: schema and meaning of configuration, policies and custom resources. */
export function registerValidate(program: Command): void {
  program
    .command('validate')
    .description('check configuration, policies and resources: schema and meaning')
    .argument('<files...>', 'YAML or JSON files; - is standard input')
    .option('--json', 'print one JSON document')
    .action(async (files: string[], options: { json?: boolean }) => {
      const { validateFiles } = await import('../validate-files.ts')
      process.exitCode = await validateFiles(files, { json: options.json ?? false, now: Date.now() })
    })
}
