// What a backup asks of SQLite beside rows.

import type { DatabaseSync } from 'node:sqlite'

/** Throws when the pages of `what` do not fit together, or its indexes do not fit its tables. */
export function checkIntact(database: DatabaseSync, what: string): void {
  const [found] = database.prepare('pragma integrity_check(1)').all()
  const verdict = String(found?.integrity_check)
  if (verdict !== 'ok') throw new Error(`${what} is damaged: ${verdict.replaceAll('\n', ' ')}`)
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
