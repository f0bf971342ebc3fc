// The only place where the two engines differ: SQLite beside the process, PostgreSQL over the network.

import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import {
  type ColumnDefinitionBuilder,
  type CompiledQuery,
  Kysely,
  PostgresAdapter,
  type RawBuilder,
  type SelectQueryBuilder,
  sql,
  type Transaction,
} from 'kysely'
import type { Log } from '../log.ts'
import { Availability } from './availability.ts'
import { Changes } from './changes.ts'
import type { Database } from './database.ts'
import { GroupCommit } from './group-commit.ts'
import type { PostgresSettings } from './postgres.ts'
import { isPostgresMissingTable, isPostgresUniqueViolation } from './postgres-errors.ts'
import { Reads } from './reads.ts'
import { openSqlite, SqliteConnection, sqliteDialect } from './sqlite.ts'
import { SqliteFile } from './sqlite-file.ts'

export type RunShared = <Row>(sql: string, parameters: readonly (string | number)[]) => Promise<Row[]>

export interface Store {
  db: Kysely<Database>
  /** See Context. */
  readSoon<Row>(query: CompiledQuery<Row>): Promise<Row[]>
  /** Where other nodes may count in the same store: runs one statement by itself, soon, and outside of the pool. */
  runShared?: RunShared
  /** See Context. */
  transact<T>(work: (db: Transaction<Database>) => Promise<T>): Promise<T>
  /** Why the store refuses changes just now, while it answers reads; undefined where nothing is known against them. */
  changesRefused(): string | undefined
  /** Grows when another process may have changed the store: what was cached before is then in doubt. */
  foreignVersion(): number
  /** Runs `work` on a connection whose statements may take as long as they need: for migrations. */
  patiently(work: (db: Kysely<Database>) => Promise<void>): Promise<void>
  close(): Promise<void>
}

export const IN_MEMORY = ':memory:'
const FILE_NAME = 'understudy.db'

/** Another node's change is noticed after so long at the latest: half of the second that is promised. */
const TRUST_MS = 500
/** A fifth of PostgreSQL's own deadlock_timeout. */
const LOCK_WAIT_MS = 200
/** How long a migration may take, and how long one waits for another node's. */
const PATIENCE_MS = 3_600_000

/** Whether a location names a PostgreSQL database. */
export function isPostgresUrl(location: string): boolean {
  return /^postgres(ql)?:\/\//.test(location)
}

/** A location as it may be shown: without the password in a URL. */
export function shownLocation(location: string): string {
  if (!isPostgresUrl(location)) return location
  const url = new URL(location)
  if (url.password !== '') url.password = '***'
  if (url.searchParams.has('password')) url.searchParams.set('password', '***')
  return url.href
}

/**
 * Opens the store at `location`: a directory (made if missing, readable by its owner alone), `:memory:`, or a
 * `postgres://` URL, which is not connected to yet. Throws the file system's or the driver's error when that cannot be
 * done. The log, if there is one, is told when a database goes away, and when it is back.
 */
export async function openStore(location: string, postgres: PostgresSettings, log?: Log): Promise<Store> {
  return isPostgresUrl(location) ? openPostgresStore(location, postgres, log) : openSqliteStore(location, log)
}

function openSqliteStore(location: string, log: Log | undefined): Store {
  const path = location === IN_MEMORY ? IN_MEMORY : fileIn(location)
  const database = openSqlite(path)
  const changes = new Changes(log, async () => {
    // The first page is written anew, as it is.
    const [version] = database.prepare('pragma user_version').all()
    await sql`pragma user_version = ${sql.lit(Number(version?.user_version))}`.execute(db)
  })
  const file = new SqliteFile(path === IN_MEMORY ? undefined : path, log, reason => changes.refused(reason))
  const version = database.prepare('pragma data_version')
  const connection = new SqliteConnection(database, file)
  const db = new Kysely<Database>({ dialect: sqliteDialect(database, connection) })
  const reads = new Reads(connection, db)
  const commits = new GroupCommit(
    db,
    () => database.isTransaction,
    reason => changes.refused(reason),
  )
  return {
    db,
    readSoon: query => reads.soon(query),
    transact: work => commits.run(work),
    changesRefused: () => changes.refusal,
    foreignVersion() {
      try {
        return Number(version.get()?.data_version)
      } catch (error) {
        throw file.told(error, false)
      }
    },
    async patiently(work) {
      const { patienceMs } = connection
      connection.patienceMs = PATIENCE_MS
      await work(db).finally(() => {
        connection.patienceMs = patienceMs
      })
    },
    async close() {
      file.close()
      changes.close()
      await db.destroy()
    },
  }
}

async function openPostgresStore(url: string, settings: PostgresSettings, log: Log | undefined): Promise<Store> {
  // Its driver is loaded where it is needed: SQLite starts without.
  const { PostgresPipeline, postgresDialect } = await import('./postgres.ts')
  const { host, pathname } = new URL(url)
  const availability = new Availability(log, `${host}${pathname}`)
  const changes = new Changes(log, async () => {
    // A row of the library's, which is there once.
    await sql`update kysely_migration_lock set is_locked = is_locked`.execute(db)
  })
  const refused = (reason: string) => changes.refused(reason)
  const open = (wanted: PostgresSettings) =>
    new Kysely<Database>({ dialect: postgresDialect(url, wanted, { availability, refused }) })
  const db = open(settings)
  const reads = new PostgresPipeline(url, settings, { availability, refused })
  // A connection of their own: a row that another node counts in just now holds up no read.
  const counters = new PostgresPipeline(url, settings, { availability, refused })
  return {
    db,
    readSoon: query => reads.run(query),
    runShared: (sql, parameters) => counters.run({ sql, parameters }),
    transact: work => db.transaction().execute(work),
    changesRefused: () => changes.refusal,
    // No message from the other nodes could be lost this way: everything is read anew now and then.
    foreignVersion: () => Math.floor(performance.now() / TRUST_MS),
    async patiently(work) {
      const patient = open({ poolMax: 2, statementTimeoutMs: PATIENCE_MS })
      await work(patient).finally(() => patient.destroy())
    },
    async close() {
      changes.close()
      await Promise.all([reads.close(), counters.close()])
      await db.destroy()
    },
  }
}

/** Where a data directory has its database, whether or not it is there. */
export function sqliteFileIn(directory: string): string {
  return join(directory, FILE_NAME)
}

/** The database file, made (with its directory) readable by its owner alone; SQLite's side files take its mode. */
function fileIn(directory: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = sqliteFileIn(directory)
  closeSync(openSync(path, 'a', 0o600))
  return path
}

/** Type and definition of a key that grows with each row: `.addColumn('sequence', ...sequenceColumn(db))`. */
export function sequenceColumn(db: Kysely<Database>) {
  const define = (column: ColumnDefinitionBuilder) =>
    isPostgres(db) ? column.primaryKey() : column.primaryKey().autoIncrement()
  return [isPostgres(db) ? 'bigserial' : 'integer', define] as const
}

/**
 * Lets one transaction at a time change what `key` names, until it ends; again in the same one: at once. On SQLite a
 * transaction has the whole store to itself.
 */
export async function holdTenant(db: Kysely<Database>, key: string): Promise<void> {
  if (isPostgres(db)) await sql`select ${tenantLock(key)}`.execute(db)
}

/**
 * Announces, before its first event, that this transaction takes numbers of the event log which are not to be seen
 * before it ends: see `feedHorizon`.
 */
export async function holdFeed(db: Kysely<Database>): Promise<void> {
  if (isPostgres(db)) await sql`select ${FEED_LOCK}`.execute(db)
}

/** `holdTenant` and `holdFeed` at once. */
export async function holdTenantAndFeed(db: Kysely<Database>, key: string): Promise<void> {
  if (isPostgres(db)) await sql`select ${tenantLock(key)}, ${FEED_LOCK}`.execute(db)
}

/**
 * A transaction that can be repeated gives up where another one holds a row that it wants, before the database finds that
 * two wait for each other and ends one of them: it might choose the other.
 */
export async function giveWay(db: Kysely<Database>): Promise<void> {
  if (isPostgres(db)) await sql`set local lock_timeout = ${sql.lit(LOCK_WAIT_MS)}`.execute(db)
}

const tenantLock = (key: string) => sql`pg_advisory_xact_lock(hashtextextended(${key}, 0))`

/**
 * Shared, so nobody waits for it. Its key is the last number that was given out before; all that the holder takes are
 * greater. The form of two integers is kept for these locks alone: pg_locks tells it from the form of one.
 */
const FEED_LOCK = sql`(select pg_advisory_xact_lock_shared((last_value >> 31)::int, (last_value & 2147483647)::int)
  from events_sequence_seq)`

/**
 * The number up to which the event log is complete: a read that begins later sees every event up to it that will ever
 * be there. PostgreSQL gives out numbers before the commit, so greater ones may be seen while smaller ones are still to
 * come; on SQLite nobody else can be in between.
 *
 * Why it holds: the last number is read first. Whoever took the lock after that takes greater numbers; who has it takes
 * numbers greater than its key; who has it no more is committed. `key < last_value` is more than a shortcut: it makes
 * the locks be looked at after the number.
 */
export async function feedHorizon(db: Kysely<Database>): Promise<number> {
  if (!isPostgres(db)) return Number.MAX_SAFE_INTEGER
  const { rows } = await sql<{ horizon: number }>`
    select coalesce(
      (select min(held.key) from
        (select (classid::bigint << 31) | objid::bigint as key from pg_locks
          where locktype = 'advisory' and objsubid = 2
            and database = (select oid from pg_database where datname = current_database())) as held
        where held.key < last_value),
      last_value) as horizon
    from events_sequence_seq`.execute(db)
  return rows[0]?.horizon ?? 0
}

/** Of the rows of a query, those that no other transaction is changing; held until this one ends. For claims. */
export function heldByNobody<Tables, Table extends keyof Tables, Row>(
  db: Kysely<Database>,
  query: SelectQueryBuilder<Tables, Table, Row>,
): SelectQueryBuilder<Tables, Table, Row> {
  return isPostgres(db) ? query.forUpdate().skipLocked() : query
}

/**
 * Deletes up to `limit` of the rows for which `condition` holds, by their primary key; those that another transaction is
 * changing are left to it. Returns how many.
 */
export async function deleteSome(
  db: Kysely<Database>,
  table: string,
  primaryKey: readonly string[],
  condition: RawBuilder<unknown>,
  limit: number,
): Promise<number> {
  const key = sql.join(primaryKey.map(column => sql.ref(column)))
  const unheld = isPostgres(db) ? sql`for update skip locked` : sql``
  const { numAffectedRows } = await sql`
    with found as materialized (select ${key} from ${sql.table(table)} where ${condition} limit ${limit} ${unheld})
    delete from ${sql.table(table)} where (${key}) in (select ${key} from found)`.execute(db)
  return Number(numAffectedRows)
}

/** Whether several nodes may work on this store at once. */
export function isShared(db: Kysely<Database>): boolean {
  return isPostgres(db)
}

function isPostgres(db: Kysely<Database>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter
}

/** SQLITE_CONSTRAINT_UNIQUE and SQLITE_CONSTRAINT_PRIMARYKEY: https://sqlite.org/rescode.html */
const UNIQUE_VIOLATIONS = new Set([2067, 1555])

/**
 * True when a write was refused by a unique index or primary key. On PostgreSQL its transaction is lost: throw, or use
 * `on conflict do nothing` where the transaction has to go on.
 */
export function isUniqueViolation(error: unknown): boolean {
  if (isPostgresUniqueViolation(error)) return true
  return error instanceof Error && 'errcode' in error && UNIQUE_VIOLATIONS.has(Number(error.errcode))
}

/** True when a statement names a table that the store does not have. */
export function isMissingTable(error: unknown): boolean {
  if (isPostgresMissingTable(error)) return true
  return error instanceof Error && 'errcode' in error && error.message.startsWith('no such table')
}
