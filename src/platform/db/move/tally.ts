// Rows that are counted and summed up as they go by, so that two stores can be compared without holding either.

import { createHash } from 'node:crypto'
import type { SQLOutputValue } from 'node:sqlite'
import { type Cell, lineOf } from './copy-text.ts'
import type { Source, Table } from './source.ts'

/** The rows of one table. */
export interface Tallied {
  rows: number
  /** SHA-256 over all columns, in the order of the keys, as COPY's text format has them; base64. */
  sum: string
}

/** Rows that go by: how many, and a checksum over all their columns, in their order. */
export class Tally {
  rows = 0
  readonly #hash = createHash('sha256')

  add(line: string | Uint8Array): void {
    this.rows++
    this.#hash.update(line)
  }

  /** Ends the tally. */
  end(): Tallied {
    return { rows: this.rows, sum: this.#hash.digest('base64') }
  }
}

/** Reads a whole table, a row at a time. */
export function tallyOf(source: Source, table: Table): Tallied {
  const tally = new Tally()
  for (const cells of source.rowsOf(table)) tally.add(lineOf(cells.map(cellOf)))
  return tally.end()
}

/** What is neither text nor a whole number is in no row of ours; it is summed up all the same, not thrown about. */
function cellOf(value: SQLOutputValue): Cell {
  if (value === null || typeof value === 'string' || typeof value === 'bigint') return value
  return typeof value === 'number' ? `real ${value}` : `blob ${Buffer.from(value).toString('hex')}`
}
