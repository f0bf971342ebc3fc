// A SQLite file that is read whole. The one of a store that is moved nobody else may have open meanwhile.

import { existsSync } from 'node:fs'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { Kysely, sql } from 'kysely'
import type { Database } from '../database.ts'
import type { Migrations } from '../migrate.ts'
import { SqliteConnection, sqliteDialect } from '../sqlite.ts'
import { checkVersion } from './version.ts'

export interface Table {
  name: string
  columns: string[]
  /** The columns of its primary key, in their order. */
  key: string[]
  /** The highest that its growing number has been, in rows that are gone too; null where it has none, or no row yet. */
  lastNumber: number | null
}

export interface Source {
  readonly db: Kysely<Database>
  /** Every table, by name; the migrations' own are left out, and a backup's. */
  readonly tables: Table[]
  /** All rows in the order of their keys, texts by their bytes; read one at a time. Whole numbers are bigints. */
  rowsOf(table: Table): Iterable<SQLOutputValue[]>
  close(): void
}

/** Where a backup says what it is. */
export const MANIFEST_TABLE = 'understudy_backup'

const LOCK_WAIT_MS = 1000
const CACHE_KIB = 65_536
const MOVED_BY = {
  newer: 'move it with the Understudy that ran on it last',
  older: 'start this server on it once, stop it, and then move it',
}

/**
 * Opens the store in the file at `path` for itself alone: until it is closed, no server and no command can open it.
 * Throws when there is none, when somebody has it open, and when it is not exactly of these migrations.
 */
export async function openSource(path: string, migrations: Migrations): Promise<Source> {
  if (!existsSync(path)) throw new Error(`there is no store at ${path}`)
  const database = new DatabaseSync(path, { timeout: LOCK_WAIT_MS })
  try {
    holdAlone(database, path)
    checkVersion('the store', await appliedTo(kyselyOn(database)), migrations, MOVED_BY)
    return await sourceIn(database)
  } catch (error) {
    database.close()
    throw error
  }
}

/** Queries on an open file, whatever is in it. */
export function kyselyOn(database: DatabaseSync): Kysely<Database> {
  return new Kysely<Database>({ dialect: sqliteDialect(database, new SqliteConnection(database)) })
}

/** The store in an open file; whoever opened it says who else may use it meanwhile. */
export async function sourceIn(database: DatabaseSync): Promise<Source> {
  const db = kyselyOn(database)
  return {
    db,
    tables: await tablesOf(db),
    rowsOf: table => rowsOf(database, table),
    close: () => database.close(),
  }
}

/** Whoever has the file open, even idle, holds a lock that this mode does not share: https://sqlite.org/wal.html#noshm */
function holdAlone(database: DatabaseSync, path: string): void {
  try {
    database.exec('pragma locking_mode = exclusive; begin immediate')
  } catch (error) {
    if (!isBusy(error)) throw error
    throw new Error(`the store at ${path} is in use; stop the server that runs on it first`, { cause: error })
  }
  database.exec(`pragma query_only = on; pragma cache_size = -${CACHE_KIB}`)
}

/** SQLITE_BUSY: https://sqlite.org/rescode.html */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5
}

/** The names of the migrations that a file has been through. */
export async function appliedTo(db: Kysely<Database>): Promise<string[]> {
  const kept = await sql`select 1 from sqlite_schema where name = 'kysely_migration'`.execute(db)
  if (kept.rows.length === 0) return []
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db)
  return rows.map(({ name }) => name)
}

async function tablesOf(db: Kysely<Database>): Promise<Table[]> {
  const { rows } = await sql<{ table: string; column: string; key: number; last: number | null }>`
    select s.name as "table", c.name as "column", c.pk as "key",
      (select nullif(seq, 0) from sqlite_sequence q where q.name = s.name) as last
    from sqlite_schema s join pragma_table_info(s.name) c
    where s.type = 'table' and s.name not glob 'sqlite_*' and s.name not glob 'kysely_migration*'
      and s.name <> ${MANIFEST_TABLE}
    order by s.name, c.cid`.execute(db)
  const byTable = Map.groupBy(rows, ({ table }) => table)
  return [...byTable].map(([name, columns]) => ({
    name,
    columns: columns.map(({ column }) => column),
    key: columns
      .filter(({ key }) => key > 0)
      .sort((a, b) => a.key - b.key)
      .map(({ column }) => column),
    lastNumber: columns[0]?.last ?? null,
  }))
}

function rowsOf(database: DatabaseSync, { name, columns, key }: Table): Iterable<SQLOutputValue[]> {
  const statement = database.prepare(
    `select ${columns.map(quoted).join(', ')} from ${quoted(name)} order by ${key.map(quoted).join(', ')}`,
  )
  statement.setReadBigInts(true)
  statement.setReturnArrays(true)
  // With setReturnArrays each row is an array of its cells.
  return statement.iterate() as unknown as Iterable<SQLOutputValue[]>
}

/** A name as both engines take it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
