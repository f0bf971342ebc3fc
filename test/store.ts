// The store under a scenario: SQLite in memory, or, where a PostgreSQL runs beside the tests, a database there. Those
// are emptied and used again: making one takes longer than most scenarios.

import pg from 'pg'
import type { Config } from '../src/config.ts'
import { SERVER_URL, TEMPLATE } from './postgres.ts'

let made = 0
const free: string[] = []

export interface FreshStore {
  /** What of the configuration names the store. */
  config: Partial<Config>
  /** Gives the store back, once nobody uses it any more. */
  release(): Promise<void>
}

export async function freshStore(): Promise<FreshStore> {
  const url = process.env[SERVER_URL]
  if (url === undefined) return { config: {}, release: async () => {} }
  const name = free.pop() ?? (await create(url))
  const data = `${url}/${name}`
  return {
    config: { data, masterKey: new Uint8Array(32), postgres: { poolMax: 4, statementTimeoutMs: 10_000 } },
    async release() {
      // One that a scenario broke (a table that is gone) is not used again.
      await run(data, EMPTY).then(
        () => free.push(name),
        () => {},
      )
    },
  }
}

async function create(url: string): Promise<string> {
  const name = `test_${process.pid}_${++made}`
  await run(`${url}/postgres`, `create database ${name} template ${TEMPLATE} strategy file_copy`)
  return name
}

/** Deletes beat truncation where tables hold a handful of rows. The data keys stay: they are the master key's. */
const EMPTY = `
set session_replication_role = replica;
do $$ declare name text; begin
  if (select string_agg(tablename, ',' order by tablename) from pg_tables where schemaname = 'public') <>
    (select names from store_tables) then
    raise 'a table is missing';
  end if;
  for name in select tablename from pg_tables where schemaname = 'public' and tablename not in
    ('data_keys', 'kysely_migration', 'kysely_migration_lock', 'store_tables') loop
    execute format('delete from %I', name);
  end loop;
  for name in select sequencename from pg_sequences where schemaname = 'public' loop
    perform setval(format('%I', name), 1, false);
  end loop;
end $$;
`

/** A connection for each: one that stays would keep the test file from ending. */
async function run(url: string, statements: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await client.query(statements)
  } finally {
    await client.end()
  }
}
