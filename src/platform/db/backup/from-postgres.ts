// A whole PostgreSQL store, as it is at one moment, into a SQLite file.

import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { Kysely } from 'kysely'
import type pg from 'pg'
import type { Database } from '../database.ts'
import { type Migrations, migrate } from '../migrate.ts'
import { connectTo } from '../move/connection.ts'
import { cellsOf } from '../move/copy-text.ts'
import { inKeyOrder, isWholeNumber, type Match, matched } from '../move/match.ts'
import { copyOut } from '../move/postgres-copy.ts'
import { kyselyOn, quoted, type Source, sourceIn } from '../move/source.ts'
import { type Tallied, Tally } from '../move/tally.ts'
import { appliedIn, lastNumbersIn, tablesIn } from '../move/target.ts'
import type { Check } from '../move/version.ts'
import { continueAfter } from './sqlite-file.ts'

/** Of a file that is thrown away when anything goes wrong. */
const PRAGMAS = 'pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -65536'
/** Whatever the database's own limits are: whole tables take their time; sorting them, some memory. */
const SETTINGS = `
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
set local work_mem = '64MB'`

/**
 * Copies what the database at `url` holds into the empty file `draft`. Nobody waits for it. Returns what was sent, table
 * by table. Throws what `check` throws, and when the connection breaks.
 */
export async function copyFromPostgres(
  url: string,
  draft: string,
  migrations: Migrations,
  check: Check,
): Promise<Map<string, Tallied>> {
  const { db, client } = await connectTo(url)
  const database = new DatabaseSync(draft, { enableForeignKeyConstraints: false })
  try {
    database.exec(PRAGMAS)
    const snapshot = db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
    return await snapshot.execute(async tx => {
      await client.query(SETTINGS)
      await check(tx, await appliedIn(tx))
      return copyTables(tx, client, await emptyStore(database, migrations), database)
    })
  } finally {
    database.close()
    await db.destroy()
  }
}

async function emptyStore(database: DatabaseSync, migrations: Migrations): Promise<Source> {
  await migrate(kyselyOn(database), migrations)
  return sourceIn(database)
}

async function copyTables(
  tx: Kysely<Database>,
  client: pg.Client,
  store: Source,
  database: DatabaseSync,
): Promise<Map<string, Tallied>> {
  const ours = new Set(store.tables.map(({ name }) => name))
  const there = [...(await tablesIn(tx))].filter(([name]) => ours.has(name))
  const tallies = new Map<string, Tallied>()
  const restoreIndexes = withoutIndexes(database)
  database.exec('begin')
  for (const match of matched(store.tables, new Map(there))) {
    tallies.set(match.table.name, await copyTable(client, database, match))
  }
  // Of after the snapshot, so perhaps higher than what is in it: a number is never used twice.
  for (const [table, last] of await lastNumbersIn(tx)) if (ours.has(table)) continueAfter(database, table, BigInt(last))
  database.exec('commit')
  restoreIndexes()
  return tallies
}

async function copyTable(client: pg.Client, database: DatabaseSync, match: Match): Promise<Tallied> {
  const { table, types } = match
  const places = table.columns.map(() => '?').join(', ')
  const list = table.columns.map(quoted).join(', ')
  const insert = database.prepare(`insert into ${quoted(table.name)} (${list}) values (${places})`)
  const whole = types.map(isWholeNumber)
  const tally = new Tally()
  await copyOut(client, `copy (${inKeyOrder(match)}) to stdout`, row => {
    tally.add(row)
    const cells = cellsOf(Buffer.from(row.buffer, row.byteOffset, row.byteLength).toString())
    insert.run(...cells.map((cell, index): SQLInputValue => (cell !== null && whole[index] ? BigInt(cell) : cell)))
  })
  return tally.end()
}

/** Takes off every index that is not a key's: made once over all rows, they take a fraction of the time. */
function withoutIndexes(database: DatabaseSync): () => void {
  const indexes = database.prepare("select name, sql from sqlite_schema where type = 'index' and sql is not null").all()
  for (const { name } of indexes) database.exec(`drop index ${quoted(String(name))}`)
  return () => {
    for (const { sql } of indexes) database.exec(String(sql))
  }
}
