// Rows as COPY's text format has them: https://www.postgresql.org/docs/18/sql-copy.html, "Text Format". Written exactly
// as PostgreSQL writes them, so that the same rows are the same bytes on both sides.

const CHUNK_CHARACTERS = 64 * 1024

export type Cell = string | bigint | null

const ESCAPED = /[\\\b\f\n\r\t\v]/g
const ESCAPES: Record<string, string> = {
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

const MEANINGS = Object.fromEntries(Object.entries(ESCAPES).map(([character, [, letter = '']]) => [letter, character]))

/** One row, line end included. No text may hold a null character: PostgreSQL has none. */
export function lineOf(cells: readonly Cell[]): string {
  let line = ''
  let separator = ''
  for (const cell of cells) {
    line += separator + textOf(cell)
    separator = '\t'
  }
  return `${line}\n`
}

function textOf(cell: Cell): string {
  if (cell === null) return '\\N'
  if (typeof cell === 'bigint') return cell.toString()
  return cell.replace(ESCAPED, character => ESCAPES[character] ?? character)
}

/** The texts of one row, line end included: the way back from `lineOf`, without the types. */
export function cellsOf(line: string): (string | null)[] {
  return line
    .slice(0, -1)
    .split('\t')
    .map(text => (text === '\\N' ? null : text.replace(/\\(.)/g, (_, letter: string) => MEANINGS[letter] ?? letter)))
}

/** Lines as pieces that are worth sending. */
export function* chunksOf(lines: Iterable<string>): Iterable<Buffer> {
  let text = ''
  for (const line of lines) {
    text += line
    if (text.length < CHUNK_CHARACTERS) continue
    yield Buffer.from(text)
    text = ''
  }
  if (text !== '') yield Buffer.from(text)
}
