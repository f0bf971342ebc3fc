// The store under a scenario: SQLite in memory, or, where a PostgreSQL runs beside the tests, a database there. Those
// are emptied and used again: making one takes longer than most scenarios.

import { sql } from 'kysely'
import pg from 'pg'
import type { Config } from '../src/config.ts'
import type { Context } from '../src/platform/context.ts'
import { SERVER_URL, TEMPLATE } from './postgres.ts'

let made = 0
const free: string[] = []

export interface FreshStore {
  /** What of the configuration names the store. */
  config: Partial<Config>
  /** Takes out what the scenario before left, over the app's own connection. */
  clear(ctx: Context): Promise<void>
  /** What gives the store back, once nobody uses it any more: nothing where this scenario broke it. */
  release(ctx: Context): Promise<() => void>
}

const IN_MEMORY: FreshStore = { config: {}, clear: async () => {}, release: async () => () => {} }

export async function freshStore(): Promise<FreshStore> {
  const url = process.env[SERVER_URL]
  if (url === undefined) return IN_MEMORY
  const used = free.pop()
  const name = used ?? (await create(url))
  return {
    config: {
      data: `${url}/${name}`,
      masterKey: new Uint8Array(32),
      postgres: { poolMax: 4, statementTimeoutMs: 10_000 },
    },
    async clear({ db }) {
      if (used) await sql.raw(EMPTY).execute(db)
    },
    release: async ctx => ((await isWhole(ctx)) ? () => void free.push(name) : () => {}),
  }
}

/** Over a connection of its own: one that stays would keep the test file from ending. */
async function create(url: string): Promise<string> {
  const name = `test_${process.pid}_${++made}`
  const client = new pg.Client(`${url}/postgres`)
  await client.connect()
  try {
    await client.query(`create database ${name} template ${TEMPLATE} strategy file_copy`)
  } finally {
    await client.end()
  }
  return name
}

/** Whether all tables are there. */
async function isWhole({ db }: Context): Promise<boolean> {
  const tables = sql`select string_agg(tablename, ',' order by tablename) from pg_tables where schemaname = 'public'`
  const found = await sql`select 1 from store_tables where names = (${tables})`.execute(db).catch(() => undefined)
  return found?.rows.length === 1
}

/** Deletes beat truncation where tables hold a handful of rows. The data keys stay: they are the master key's. */
const EMPTY = `
do $$ declare name text; begin
  set local session_replication_role = replica;
  for name in select tablename from pg_tables where schemaname = 'public' and tablename not in
    ('data_keys', 'kysely_migration', 'kysely_migration_lock', 'store_tables') loop
    execute format('delete from %I', name);
  end loop;
  for name in select sequencename from pg_sequences where schemaname = 'public' loop
    perform setval(format('%I', name), 1, false);
  end loop;
end $$`
