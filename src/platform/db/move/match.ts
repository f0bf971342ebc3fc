// The same tables on both engines, column by column.

import { quoted, type Table } from './source.ts'
import type { TargetTable } from './target.ts'

const WHOLE_NUMBERS = new Set(['integer', 'bigint'])

/** A table that both engines have. */
export interface Match {
  table: Table
  /** PostgreSQL's types of its columns, in their order. */
  types: string[]
}

/** Every table with its place. Throws when one side has a table or a column that the other has not. */
export function matched(tables: readonly Table[], targets: Map<string, TargetTable>): Match[] {
  const names = new Set(tables.map(({ name }) => name))
  for (const [name, { lasting }] of targets) if (lasting && !names.has(name)) throw misfit(name)
  return tables.flatMap(table => {
    const target = targets.get(table.name)
    if (target && !target.lasting) return []
    const types = table.columns.flatMap(column => target?.columns.get(column) ?? [])
    if (types.length !== table.columns.length || types.length !== target?.columns.size) throw misfit(table.name)
    return [{ table, types }]
  })
}

function misfit(table: string): Error {
  return new Error(`the table ${table} is not the same on both engines; this is a fault of Understudy's`)
}

/** Whether a PostgreSQL type holds whole numbers. */
export function isWholeNumber(type: string): boolean {
  return WHOLE_NUMBERS.has(type)
}

/** Reads a table from PostgreSQL as SQLite orders it: keys' texts by their bytes, whatever the database's own order is. */
export function inKeyOrder({ table, types }: Match): string {
  const inByteOrder = (column: string) =>
    types[table.columns.indexOf(column)] === 'text' ? `${quoted(column)} collate "C"` : quoted(column)
  return `select ${table.columns.map(quoted).join(', ')} from ${quoted(table.name)} order by ${table.key.map(inByteOrder).join(', ')}`
}
