// Moves a whole store from SQLite into PostgreSQL, in one transaction: all of it, compared row by row, or nothing.

import type { SQLOutputValue } from 'node:sqlite'
import type { Kysely } from 'kysely'
import type pg from 'pg'
import type { Database } from '../database.ts'
import { type Migrations, migrate } from '../migrate.ts'
import { connectTo } from './connection.ts'
import { type Cell, chunksOf, lineOf } from './copy-text.ts'
import { inKeyOrder, isWholeNumber, type Match, matched } from './match.ts'
import { copyIn, copyOut } from './postgres-copy.ts'
import { quoted, type Source } from './source.ts'
import { Tally } from './tally.ts'
import { goOn, holdEmpty, tablesIn, withoutIndexes } from './target.ts'

/** A table that has been moved and found equal. */
export interface MovedTable {
  name: string
  rows: number
  ms: number
}

/** Whatever the database's own limits are: whole tables take their time; sorting and indexing them, some memory. */
const SETTINGS = `
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
set local work_mem = '64MB';
set local maintenance_work_mem = '256MB'`

/**
 * Moves `source` into the PostgreSQL database at `url`, which has to be empty, and tells of each table when it is there.
 * The indexes come last, for all tables together, and `finish` after them. Throws, and leaves the database as it was, when it holds anything, when
 * a value has no place there, when a row comes back other than it was, and when the connection breaks.
 */
export async function moveStore(
  source: Source,
  url: string,
  migrations: Migrations,
  tell: (moved: MovedTable) => void,
  finish: (tx: Kysely<Database>) => Promise<void> = async () => {},
): Promise<void> {
  const { db, client } = await connectTo(url)
  let failed: unknown
  const work = async (tx: Kysely<Database>) => {
    await client.query(SETTINGS)
    await holdEmpty(tx, source.tables)
    await migrate(tx, migrations)
    const moves = matched(source.tables, await tablesIn(tx))
    const restoreIndexes = await withoutIndexes(tx)
    for (const move of moves) tell(await moveTable(source, client, move))
    await restoreIndexes()
    await goOn(tx, source.tables)
    await finish(tx)
  }
  try {
    await db.transaction().execute(tx =>
      work(tx).catch(error => {
        failed = error
        throw error
      }),
    )
  } catch (error) {
    // On a connection that broke the way back fails too; the first error is the one to tell.
    throw failed ?? error
  } finally {
    await db.destroy()
  }
}

async function moveTable(source: Source, client: pg.Client, move: Match): Promise<MovedTable> {
  const startedAt = performance.now()
  const { name, columns } = move.table
  const list = columns.map(quoted).join(', ')
  const sent = new Tally()
  const found = new Tally()
  try {
    await copyIn(client, `copy ${quoted(name)} (${list}) from stdin`, chunksOf(linesOf(source, move, sent)))
    const rows = await copyOut(client, `copy (${inKeyOrder(move)}) to stdout`, row => found.add(row))
    if (found.end().sum !== sent.end().sum) {
      throw new Error(`the rows came out other than they went in (${sent.rows} in, ${rows} out)`)
    }
    return { name, rows, ms: performance.now() - startedAt }
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

function* linesOf(source: Source, move: Match, tally: Tally): Iterable<string> {
  for (const cells of source.rowsOf(move.table)) {
    const line = lineOf(storable(cells, move))
    tally.add(line)
    yield line
  }
}

/** The cells, each of its column's type. Throws, naming row and column and nothing else, when one has no place there. */
function storable(cells: readonly SQLOutputValue[], { table, types }: Match): Cell[] {
  return cells.map((cell, index) => {
    const type = types[index] ?? ''
    if (cell === null) return cell
    if (typeof cell === 'bigint' && isWholeNumber(type)) return cell
    if (typeof cell === 'string' && type === 'text' && !cell.includes('\0')) return cell
    const key = table.key.map(column => `${column} ${cells[table.columns.indexOf(column)]}`).join(', ')
    const what = typeof cell === 'string' && type === 'text' ? 'a null character' : `what is no ${type}`
    throw new Error(`the row with ${key} has ${what} in ${table.columns[index]}, which PostgreSQL cannot keep`)
  })
}
