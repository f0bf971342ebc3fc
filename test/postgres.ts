// A real PostgreSQL for scenarios. Test files know it by its URL in the environment; without one they run on SQLite.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { startPostgres } from '../bench/stores/postgres.ts'
import { openContext } from '../src/app.ts'
import { readConfig } from '../src/config.ts'

/** In the environment: the server's URL, without a database. */
export const SERVER_URL = 'TEST_POSTGRES_URL'
/** Has every table, and a function that empties them; it is copied for each app. */
export const TEMPLATE = 'understudy'
export const EMPTY_STORE = 'empty_store'
/** The data keys are the master key's, which is the same for all. */
export const KEPT_TABLES = ['data_keys', 'kysely_migration', 'kysely_migration_lock']

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

export interface TestPostgres {
  url: string
  stop(): Promise<void>
}

/** Starts one with the template, in a directory that goes with it. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const directory = mkdtempSync(join(tmpdir(), 'understudy-postgres-'))
  const { server, url, stop } = await startPostgres(directory, SETTINGS)
  // After the server's own, which stops it.
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  const config = await readConfig({ data: url }, {})
  const { context, close } = await openContext({ ...config, masterKey: new Uint8Array(32), logLevel: 'silent' })
  await sql.raw(EMPTYING).execute(context.db)
  await close()
  return { url: server, stop }
}

/**
 * Deletes beat truncation where tables hold a handful of rows, and a function's statements are planned once. It fails
 * where a table is gone.
 */
const EMPTYING = `
do $do$ declare
  kept text[] = '{${KEPT_TABLES}}';
  deletes text = (select string_agg(format('delete from %I;', tablename), ' ') from pg_tables
    where schemaname = 'public' and tablename <> all (kept));
  looks text = (select string_agg(format('perform from %I limit 0;', name), ' ') from unnest(kept) as name);
  resets text = (select string_agg(format('perform setval(%L, 1, false);', sequencename), ' ') from pg_sequences
    where schemaname = 'public');
begin
  execute format(
    'create function ${EMPTY_STORE}() returns void language plpgsql as %L',
    'begin ' || looks || deletes || resets || ' end'
  );
end $do$
`
