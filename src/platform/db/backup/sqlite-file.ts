// What a backup asks of SQLite beside rows.

import type { DatabaseSync } from 'node:sqlite'

/** https://sqlite.org/rescode.html: SQLITE_CORRUPT, SQLITE_FULL, SQLITE_NOTADB; the low byte tells the kind. */
const CORRUPT = 11
const FULL = 13
const NO_DATABASE = 26

/** Throws when the pages of `what` do not fit together, or its indexes do not fit its tables. */
export function checkIntact(database: DatabaseSync, what: string): void {
  const [found] = database.prepare('pragma integrity_check(1)').all()
  const verdict = String(found?.integrity_check)
  if (verdict !== 'ok') throw new Error(`${what} is damaged: ${verdict.replaceAll('\n', ' ')}`)
}

/** Whether SQLite found that what it read is damaged. */
export function isCorrupt(error: unknown): boolean {
  return kindOf(error) === CORRUPT
}

/** Whether SQLite found that what it opened is none of its files. */
export function isNoDatabase(error: unknown): boolean {
  return kindOf(error) === NO_DATABASE
}

/** Whether SQLite, or the file system, had no room left. */
export function isFull(error: unknown): boolean {
  return kindOf(error) === FULL || (error instanceof Error && 'code' in error && error.code === 'ENOSPC')
}

function kindOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined
}

/**
 * Copies a database into an empty file, all of it as it is at one moment, and nothing of what was deleted: with a
 * write-ahead log no writer waits, and none makes it begin anew, as SQLite's own backup would have to.
 */
export function vacuumInto(database: DatabaseSync, path: string): void {
  database.prepare('vacuum into ?').run(path)
}

/** The growing number of `table` goes on after `last`. */
export function continueAfter(database: DatabaseSync, table: string, last: number | bigint): void {
  database.prepare('delete from sqlite_sequence where name = ?').run(table)
  database.prepare('insert into sqlite_sequence (name, seq) values (?, ?)').run(table, last)
}
