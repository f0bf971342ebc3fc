// The store under a scenario: SQLite in memory, or, where a PostgreSQL runs beside the tests, a database there. Those
// are emptied and used again: making one takes longer than most scenarios.

import pg from 'pg'
import type { Config } from '../src/config.ts'
import { EMPTY_STORE, SERVER_URL, TEMPLATE } from './postgres.ts'

/** Rows that are gone fill a database, for nothing clears it up. */
const USES_MAX = 100

export interface FreshStore {
  /** What of the configuration names the store. */
  config: Partial<Config>
  /** Gives the store back, once nobody uses it any more. */
  release(): Promise<void>
}

interface TestDatabase {
  url: string
  uses: number
  /** To empty it by. Idle it does not keep the tests from ending. */
  pool: pg.Pool
}

let made = 0
const free: TestDatabase[] = []

export async function freshStore(): Promise<FreshStore> {
  const server = process.env[SERVER_URL]
  if (server === undefined) return { config: {}, release: async () => {} }
  const database = free.pop() ?? (await create(server))
  return {
    config: {
      data: database.url,
      masterKey: new Uint8Array(32),
      postgres: { poolMax: 4, statementTimeoutMs: 10_000 },
    },
    release: () => release(database),
  }
}

async function create(server: string): Promise<TestDatabase> {
  const name = `test_${process.pid}_${++made}`
  const client = new pg.Client(`${server}/postgres`)
  await client.connect()
  await client.query(`create database ${name} template ${TEMPLATE} strategy file_copy`)
  await client.end()
  const url = `${server}/${name}`
  // Foreign keys do not hold there.
  const options = '-c session_replication_role=replica'
  return { url, uses: 0, pool: new pg.Pool({ connectionString: url, options, max: 1, allowExitOnIdle: true }) }
}

async function release(database: TestDatabase): Promise<void> {
  database.uses++
  try {
    await database.pool.query(`select ${EMPTY_STORE}()`)
    if (database.uses < USES_MAX) return void free.push(database)
  } catch {
    // One that a scenario broke (a table that is gone) is not used again.
  }
  await database.pool.end()
}
