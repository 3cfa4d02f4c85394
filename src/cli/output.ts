import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** The result of a command with `--json`: exactly one document on standard output, and nothing else may be printed there. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`)
}

/** One line of the result, for people, on standard output. Progress and logs go to `note` instead. */
export function printLine(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** One line of progress or log, on standard error, so that it never mixes with a result. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Colours text only where `stream` is a terminal and the NO_COLOR convention (no-color.org) allows it. */
export function paint(style: Style, text: string, stream: NodeJS.WritableStream = process.stdout): string {
  return styleText(style, text, { stream, validateStream: true })
}
