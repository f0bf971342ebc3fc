// A backup becomes a store again: all of it, compared row by row, or nothing.

import { existsSync, mkdirSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Kysely } from 'kysely'
import { timestamp } from '../../clock.ts'
import { openingKey } from '../../credentials/vault.ts'
import { randomIds } from '../../ids.ts'
import type { Database } from '../database.ts'
import { isPostgresUrl, sqliteFileIn } from '../engine.ts'
import type { Migrations } from '../migrate.ts'
import { appliedTo, MANIFEST_TABLE, type Source, sourceIn } from '../move/source.ts'
import { checkVersion } from '../move/version.ts'
import { isCorrupt, isNoDatabase } from '../sqlite-errors.ts'
import { differing, type Manifest, readManifest, talliesOf } from './manifest.ts'
import { placed } from './place.ts'
import { checkIntact, continueAfter, vacuumInto } from './sqlite-file.ts'

export interface Backup {
  readonly path: string
  readonly manifest: Manifest
  readonly source: Source
  readonly database: DatabaseSync
}

const RESTORED_BY = {
  newer: 'restore it with the Understudy that made it',
  older: 'restore it with the Understudy that made it, and then start this one on that store',
}
/** SQLite would take a log that another store left behind for this one's. */
const STORE_FILES = ['', '-wal', '-shm', '-journal']
/**
 * How many numbers of the event log are left out after a restore: more than can have been given out between the backup
 * and the loss, so that whoever had read up to there still sees all that comes.
 */
const EVENTS_LEFT_OUT = 1_000_000_000

/** Opens the backup at `path` and changes nothing in it. Throws when it is none, or not of these migrations. */
export async function openBackup(path: string, migrations: Migrations): Promise<Backup> {
  if (!existsSync(path)) throw new Error(`there is no file ${path}`)
  const noBackup = `${path} is no backup; name a file that \`understudy backup\` has written`
  if (!statSync(path).isFile()) throw new Error(noBackup)
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const manifest = readManifest(database)
    if (!manifest) throw new Error(noBackup)
    const source = await sourceIn(database)
    checkVersion(`the backup, made by ${manifest.version},`, await appliedTo(source.db), migrations, RESTORED_BY)
    return { path, manifest, source, database }
  } catch (error) {
    database.close()
    throw isNoDatabase(error) ? new Error(noBackup, { cause: error }) : damagedOr(error, path)
  }
}

/** A data directory or a `postgres://` URL, and the master keys that a server on it will try. */
export interface StoreToMake {
  location: string
  masterKeys: readonly Uint8Array[]
}

/**
 * Makes a store of a backup where none is yet. Throws, and leaves none, when one is there or anything is left of one, when
 * anything in the backup is not as it was written, when no master key is the backup's, and as `moveStore` does.
 */
export async function restoreInto(
  { location, masterKeys }: StoreToMake,
  backup: Backup,
  migrations: Migrations,
  now: number,
): Promise<void> {
  const shared = isPostgresUrl(location)
  if (!shared) checkNoStoreIn(location)
  // First, as a data key that is damaged looks like one of another master key.
  checkBackup(backup)
  await openingKey(backup.source.db, masterKeys)
  if (shared) await intoPostgres(backup, location, migrations, now)
  else await intoDirectory(backup, location, now)
}

/** Reads all of it. Throws when anything in it is not as it was written. */
function checkBackup({ path, manifest, source, database }: Backup): void {
  try {
    checkIntact(database, path)
    checkRows(manifest, source, path)
  } catch (error) {
    throw damagedOr(error, path)
  }
}

function checkRows(manifest: Manifest, source: Source, what: string): void {
  const table = differing(manifest, talliesOf(source))
  if (table !== undefined) throw new Error(`${what} is damaged: the rows of ${table} are not those that were backed up`)
}

function damagedOr(error: unknown, path: string): unknown {
  if (!isCorrupt(error) && !(error instanceof SyntaxError)) return error
  return new Error(`${path} is damaged; restore another backup`, { cause: error })
}

/** Throws when a store is in `directory`, or anything is left of one. */
function checkNoStoreIn(directory: string): void {
  const left = STORE_FILES.map(suffix => sqliteFileIn(directory) + suffix).filter(path => existsSync(path))
  if (left.length === 0) return
  const names = left.map(path => basename(path)).join(', ')
  throw new Error(
    `${directory} holds a store already (${names}); stop the server if one runs on it and move these files away, or name another directory with --data`,
  )
}

async function intoDirectory(backup: Backup, directory: string, now: number): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = sqliteFileIn(directory)
  const taken = () => new Error(`a server was started on ${directory} meanwhile; stop it, and name another directory`)
  await placed(path, taken, async draft => {
    vacuumInto(backup.database, draft)
    const database = new DatabaseSync(draft)
    try {
      const source = await sourceIn(database)
      checkRows(backup.manifest, source, draft)
      database.exec(`drop table ${MANIFEST_TABLE}`)
      for (const { name, lastNumber } of afterRestore(source).tables) {
        if (lastNumber !== null) continueAfter(database, name, lastNumber)
      }
      await recordRestore(source.db, backup.manifest, now)
    } finally {
      database.close()
    }
  })
}

async function intoPostgres(
  { source, manifest }: Backup,
  url: string,
  migrations: Migrations,
  now: number,
): Promise<void> {
  // PostgreSQL's driver is loaded where it is needed.
  const { moveStore } = await import('../move/move.ts')
  const finish = (tx: Kysely<Database>) => recordRestore(tx, manifest, now)
  await moveStore(afterRestore(source), url, migrations, () => {}, finish)
}

/** The same rows; the numbers of new events leave room for those that are lost. */
function afterRestore(source: Source): Source {
  const tables = source.tables.map(table =>
    table.name === 'events' ? { ...table, lastNumber: (table.lastNumber ?? 0) + EVENTS_LEFT_OUT } : table,
  )
  return { ...source, tables }
}

/** Says in the log that what was after the backup is gone. No webhook tells of it: it is no tenant's. */
async function recordRestore(db: Kysely<Database>, { madeAt }: Manifest, now: number): Promise<void> {
  const event = { vendor: '', tenant: '', type: 'store.restored', subject: 'store', actor: 'cli:restore' }
  await db
    .insertInto('events')
    .values({
      ...event,
      id: randomIds.uuid(),
      request_id: null,
      data: JSON.stringify({ madeAt }),
      created_at: timestamp(now),
    })
    .execute()
}
