import { pad, widthOf } from './text.ts'

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** At least that wide, so that a live table does not jump when a number grows. */
  readonly minWidth?: number
}

export interface TableStyle {
  readonly paintTitle?: (text: string) => string
  /** Spaces between two columns. Default 2. */
  readonly gap?: number
}

/** Lines of a table without borders: titles, then rows. Cells may be coloured. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { paintTitle = text => text, gap = 2 }: TableStyle = {},
): readonly string[] {
  const widths = columns.map(({ title, minWidth = 0 }, index) =>
    Math.max(minWidth, widthOf(title), ...rows.map(row => widthOf(row[index] ?? ''))),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.align))
      .join(' '.repeat(gap))
      .trimEnd()
  return [paintTitle(line(columns.map(column => column.title))), ...rows.map(line)]
}
