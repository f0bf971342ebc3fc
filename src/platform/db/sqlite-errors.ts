// What the errors of SQLite say to whoever asked, where they are about its file and not about a query.

import { DomainError } from '../errors.ts'

/** https://sqlite.org/rescode.html; the low byte of a code tells its kind. */
const BUSY = 5
const CORRUPT = 11
const FULL = 13
const NO_DATABASE = 26

const HELD = 'another process holds the database; end it, or wait until it is done'
const DAMAGED = 'the database file is damaged; stop the server, keep a copy of the file, and restore the backup'

const KINDS = new Map([
  [BUSY, HELD],
  [6, HELD],
  [7, 'there is no memory left'],
  [8, 'the data directory takes no writes; see whose it is, and how it is mounted'],
  [10, 'the disk cannot be read or written; see its free space, quotas and limits, and its health'],
  [CORRUPT, DAMAGED],
  [FULL, 'the disk is full; make room'],
  [14, 'a file in the data directory cannot be opened; see whose it is, and what mode it has'],
  [15, HELD],
  [NO_DATABASE, DAMAGED],
])

/** A DomainError where the file cannot be used just now; anything else as it is. */
export function toldOfFile(error: unknown): unknown {
  const message = KINDS.get(kindOf(error) ?? 0)
  return message === undefined ? error : new DomainError('unavailable', message, { cause: error })
}

/** Whether another process has a lock that we need. */
export function isBusy(error: unknown): boolean {
  return kindOf(causeOf(error)) === BUSY
}

/** Whether what was read is damaged, or no database at all. */
export function isDamaged(error: unknown): boolean {
  return isCorrupt(error) || isNoDatabase(error)
}

/** Whether SQLite found that what it read is damaged. */
export function isCorrupt(error: unknown): boolean {
  return kindOf(causeOf(error)) === CORRUPT
}

/** Whether SQLite found that what it opened is none of its files. */
export function isNoDatabase(error: unknown): boolean {
  return kindOf(causeOf(error)) === NO_DATABASE
}

/** Whether SQLite, or the file system, had no room left. */
export function isFull(error: unknown): boolean {
  const cause = causeOf(error)
  return kindOf(cause) === FULL || (cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC')
}

function causeOf(error: unknown): unknown {
  return error instanceof DomainError ? error.cause : error
}

function kindOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined
}
