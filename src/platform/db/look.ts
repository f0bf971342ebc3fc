// A store as a visitor sees it, beside whoever works on it: nothing in it, nor beside it, is changed.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { Kysely, sql } from 'kysely'
import { Availability } from './availability.ts'
import type { Database } from './database.ts'
import { isPostgresUrl, sqliteFileIn } from './engine.ts'
import { SqliteConnection, sqliteDialect } from './sqlite.ts'

/** What a database server says of itself. */
export interface ServerFacts {
  /** As `server_version_num`: 180001 is 18.1. */
  version: number
  fsync: string
  full_page_writes: string
  synchronous_commit: string
  /** Whether it is a copy that takes no writes. */
  copy: boolean
  /** Connections that we may open, and those that are open: by nodes of ours, and by all. */
  connections_max: number
  connections_ours: number
  connections: number
  /** Its clock, in milliseconds since the epoch. */
  now: number
}

export interface Look {
  readonly db: Kysely<Database>
  /** Of a store that is a file: what is damaged in it, as SQLite says it. Throws when that takes longer than allowed. */
  damage?(timeLimitMs: number): Promise<string[]>
  /** Of a store that is a server's. */
  server?(): Promise<ServerFacts>
  close(): Promise<void>
}

const LOCK_WAIT_MS = 1000
const DAMAGE_MAX = 3
const OUTPUT_MAX_BYTES = 64 * 1024

/** Looks at the store at `location`: a directory or a `postgres://` URL. Undefined when there is no file yet. */
export async function lookAt(location: string, timeLimitMs: number): Promise<Look | undefined> {
  return isPostgresUrl(location) ? lookAtServer(location, timeLimitMs) : lookAtFile(sqliteFileIn(location))
}

function lookAtFile(path: string): Look | undefined {
  if (!existsSync(path)) return undefined
  const url = urlOf(path)
  const database = new DatabaseSync(url, { readOnly: true, timeout: LOCK_WAIT_MS })
  const db = new Kysely<Database>({ dialect: sqliteDialect(database, new SqliteConnection(database)) })
  return { db, damage: timeLimitMs => damageIn(url, timeLimitMs), close: () => db.destroy() }
}

/** Where nobody has it open, even a reader would leave files beside it, unless told that nobody writes. */
function urlOf(path: string): URL {
  const url = pathToFileURL(path)
  if (!existsSync(`${path}-wal`)) url.searchParams.set('immutable', '1')
  return url
}

/** In a process of its own: a check that takes too long can only be ended with its process. */
async function damageIn(url: URL, timeLimitMs: number): Promise<string[]> {
  const script = `
    const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
    const database = new DatabaseSync(new URL(process.argv[1]), { readOnly: true, timeout: ${LOCK_WAIT_MS} })
    console.log(JSON.stringify(database.prepare('pragma quick_check(${DAMAGE_MAX})').all().map(row => row.quick_check)))`
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, url.href], {
    env: {},
    timeout: timeLimitMs,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_MAX_BYTES,
  })
  return (JSON.parse(stdout) as string[]).filter(line => line !== 'ok')
}

async function lookAtServer(url: string, timeLimitMs: number): Promise<Look> {
  const { postgresDialect } = await import('./postgres.ts')
  const settings = { poolMax: 1, statementTimeoutMs: timeLimitMs }
  const watch = { availability: new Availability(undefined, ''), refused: () => {} }
  const session = 'set session characteristics as transaction read only'
  const db = new Kysely<Database>({ dialect: postgresDialect(url, settings, watch, session) })
  return { db, server: () => factsOf(db), close: () => db.destroy() }
}

async function factsOf(db: Kysely<Database>): Promise<ServerFacts> {
  const { rows } = await sql<ServerFacts>`
    select current_setting('server_version_num')::int as version,
      current_setting('fsync') as fsync,
      current_setting('full_page_writes') as full_page_writes,
      current_setting('synchronous_commit') as synchronous_commit,
      pg_is_in_recovery() as copy,
      current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true)::int, 0) as connections_max,
      (select count(*) from pg_stat_activity where application_name = 'understudy' and pid <> pg_backend_pid())
        as connections_ours,
      -- What others' backends are, not every user may see; these two all may.
      (select count(*) from pg_stat_activity
        where datid is not null and usesysid is not null and pid <> pg_backend_pid()) as connections,
      (extract(epoch from clock_timestamp()) * 1000)::bigint as now`.execute(db)
  const [facts] = rows
  if (!facts) throw new Error('the database server said nothing of itself')
  return facts
}
