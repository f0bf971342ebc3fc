// The store under a scenario: SQLite in memory, or, where a PostgreSQL runs beside the tests, a database there. It is
// emptied and used again: making one takes longer than most scenarios.

import assert from 'node:assert/strict'
import { after } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import { migrations } from '../src/app.ts'
import type { Config } from '../src/config.ts'
import { IN_MEMORY, openStore, type Store } from '../src/platform/db/engine.ts'
import { migrate } from '../src/platform/db/migrate.ts'
import { EMPTY_STORE, KEPT_TABLES, SERVER_URL, TEMPLATE } from './postgres.ts'

/** Rows that are gone fill a database, for nothing clears it up. */
const USES_MAX = 100

export interface FreshStore {
  /** Open, and open it stays. */
  store: Store
  /** What of a configuration opens it once more; on SQLite nothing does, but for its master key. */
  config: Partial<Config>
  /** Gives the store back, once nobody uses it any more. */
  release(): Promise<void>
}

interface Pooled extends Omit<FreshStore, 'release'> {
  uses: number
  empty(): Promise<void>
}

const POSTGRES = { poolMax: 4, statementTimeoutMs: 10_000 }
const MASTER_KEY = new Uint8Array(32)

let made = 0
const free: Pooled[] = []
const server = process.env[SERVER_URL]
let isOver = false
// Connections would keep the tests from ending. A file without tests, as there are on SQLite, must have no hook.
if (server !== undefined) {
  after(async () => {
    isOver = true
    await Promise.all(free.map(({ store }) => store.close()))
  })
}

export async function freshStore(): Promise<FreshStore> {
  const pooled = free.pop() ?? (await (server === undefined ? inMemory() : onPostgres(server)))
  return { store: pooled.store, config: pooled.config, release: () => release(pooled) }
}

async function release(pooled: Pooled): Promise<void> {
  pooled.uses++
  try {
    await pooled.empty()
    if (pooled.uses < USES_MAX && !isOver) return void free.push(pooled)
  } catch {
    // One that a scenario broke (a table that is gone, or changed) is not used again.
  }
  await pooled.store.close()
}

async function inMemory(): Promise<Pooled> {
  const store = await openStore(IN_MEMORY, POSTGRES)
  await migrate(store.db, migrations())
  const tables = await sql<{ name: string }>`select name from sqlite_schema where type = 'table'`.execute(store.db)
  const deletes = tables.rows
    .filter(({ name }) => !KEPT_TABLES.includes(name))
    .map(({ name }) => `delete from ${name};`)
  await sql`create temp table emptied (n)`.execute(store.db)
  await sql
    .raw(`create temp trigger empty_store after insert on emptied begin ${deletes.join(' ')} end`)
    .execute(store.db)
  const shape = async () => (await sql`pragma main.schema_version`.execute(store.db)).rows
  const made = await shape()
  return {
    store,
    config: { masterKey: MASTER_KEY },
    uses: 0,
    async empty() {
      assert.deepEqual(await shape(), made)
      await store.transact(async db => {
        await sql`pragma defer_foreign_keys = on`.execute(db)
        await sql`insert into emptied values (1)`.execute(db)
      })
    },
  }
}

async function onPostgres(url: string): Promise<Pooled> {
  const name = `test_${process.pid}_${++made}`
  const client = new pg.Client(`${url}/postgres`)
  await client.connect()
  await client.query(`create database ${name} template ${TEMPLATE} strategy file_copy`)
  await client.end()
  const data = `${url}/${name}`
  const store = await openStore(data, POSTGRES)
  return {
    store,
    config: { data, masterKey: MASTER_KEY, postgres: POSTGRES },
    uses: 0,
    empty: () =>
      store.transact(async db => {
        // Foreign keys do not hold then.
        await sql`set local session_replication_role = replica`.execute(db)
        await sql`select ${sql.raw(EMPTY_STORE)}()`.execute(db)
      }),
  }
}
