// The only place where the two engines differ. Today: SQLite.

import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { type CompiledQuery, Kysely } from 'kysely'
import type { Database } from './database.ts'
import { Reads } from './reads.ts'
import { openSqlite, SqliteConnection, sqliteDialect } from './sqlite.ts'

export interface Store {
  db: Kysely<Database>
  /** See Context. */
  readSoon<Row>(query: CompiledQuery<Row>): Promise<Row[]>
  /** Grows when another process commits to the store: what was cached before is then in doubt. */
  foreignVersion(): number
  close(): Promise<void>
}

export const IN_MEMORY = ':memory:'
const FILE_NAME = 'understudy.db'

/**
 * Opens the store at `location`: a directory (made if missing, readable by its owner alone) or `:memory:`.
 * Throws the file system's or the driver's error when that cannot be done.
 */
export function openStore(location: string): Store {
  const database = openSqlite(location === IN_MEMORY ? IN_MEMORY : fileIn(location))
  const version = database.prepare('pragma data_version')
  const connection = new SqliteConnection(database)
  const db = new Kysely<Database>({ dialect: sqliteDialect(database, connection) })
  const reads = new Reads(connection, db)
  return {
    db,
    readSoon: query => reads.soon(query),
    foreignVersion: () => Number(version.get()?.data_version),
    close: () => db.destroy(),
  }
}

/** The database file, made (with its directory) readable by its owner alone; SQLite's side files take its mode. */
function fileIn(directory: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, FILE_NAME)
  closeSync(openSync(path, 'a', 0o600))
  return path
}

/** SQLITE_CONSTRAINT_UNIQUE and SQLITE_CONSTRAINT_PRIMARYKEY: https://sqlite.org/rescode.html */
const UNIQUE_VIOLATIONS = new Set([2067, 1555])

/** True when a write was refused by a unique index or primary key. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && UNIQUE_VIOLATIONS.has(Number(error.errcode))
}
