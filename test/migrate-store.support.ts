// What scenarios of `migrate-store` share: small stores in SQLite, empty databases in PostgreSQL, and the command.

import assert from 'node:assert/strict'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import pg from 'pg'
import { type App, createApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { runHere } from './here.ts'
import { SERVER_URL, TEMPLATE } from './postgres.ts'
import { type Finished, fileWith, temporaryDirectory } from './process.ts'
import { FakeClock } from './support.ts'

/** Undefined where no PostgreSQL runs beside the tests. */
export const server = process.env[SERVER_URL]

/** Deliveries to it fail, and their attempts are kept. */
const REFUSES = 'http://127.0.0.1:1'

/** The example of everything, without the limits that reading all of it would meet. */
const SEED = readFileSync(new URL('./fixtures/seed.all.yaml', import.meta.url), 'utf8')
  .replaceAll(/(erSecond): \d+/g, '$1: 1000000')
  .replaceAll(/http:\/\/127\.0\.0\.1:9000|https:\/\/receiver\.test/g, REFUSES)

/** What makes the databases' collations and COPY's text format differ from a plain copy. */
export const ODD_TEXTS = [
  '',
  '\\',
  '\\N',
  '\\.',
  'a\tb\nc\rd\be\ff\vg',
  '\u0001\u001f\u007f',
  'ä',
  'z',
  'Z',
  'é\u{1f600}',
  "'",
]

/** The server on a SQLite store, or on the database that it was moved to; `home` has its master key. */
export async function open(home: string, data = home): Promise<App> {
  const config = await readConfig({ data, port: '0' }, { UNDERSTUDY_HOME: home, UNDERSTUDY_LOG_LEVEL: 'silent' })
  const passwords = { memoryKiB: 8, passes: 1, parallelism: 1, concurrency: 2 }
  return createApp({ ...config, passwords }, { clock: new FakeClock('2026-03-04T09:30:00.000Z') })
}

/** The number of rows, by table; the migrations' own are left out. */
export async function rowsIn(url: string): Promise<Record<string, number>> {
  const names = await query<{ name: string }>(
    url,
    "select tablename as name from pg_tables where schemaname = 'public' and tablename not like 'kysely%'",
  )
  if (names.length === 0) return {}
  const counts = names.map(({ name }) => `select '${name}' as name, count(*)::integer as rows from "${name}"`)
  const counted = await query<{ name: string; rows: number }>(url, counts.join(' union all '))
  return Object.fromEntries(counted.map(({ name, rows }) => [name, rows]))
}

export async function query<Row extends object>(url: string, statement: string): Promise<Row[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query<Row>(statement)).rows
  } finally {
    await client.end()
  }
}

let made = 0
/** With `options` of `create database`. */
export async function emptyDatabase(options = ''): Promise<string> {
  const name = `move_${process.pid}_${++made}`
  await query(`${server}/postgres`, `create database ${name} ${options}`)
  return `${server}/${name}`
}

/** The seed in a directory: made once, and copied. */
let seeded: Promise<string> | undefined
async function makeSeeded(): Promise<string> {
  const directory = temporaryDirectory()
  const { code, stderr } = await runHere(['seed', fileWith('seed.yaml', SEED), '--data', directory], {
    UNDERSTUDY_LOG_LEVEL: 'silent',
  })
  assert.equal(code, 0, stderr)
  return directory
}

/** A small store in a directory of its own, with these statements run on it. */
export async function smallStore(...statements: [sql: string, ...values: SQLInputValue[]][]): Promise<string> {
  seeded ??= makeSeeded()
  const directory = temporaryDirectory()
  cpSync(await seeded, directory, { recursive: true })
  const database = new DatabaseSync(join(directory, 'understudy.db'))
  for (const [sql, ...values] of statements) database.prepare(sql).run(...values)
  database.close()
  return directory
}

/** In this process, or by another `run`. */
export function move(from: string, to: string, run = runHere): Promise<Finished> {
  return run(['migrate-store', '--from', from, '--to', to])
}

/** As a server leaves it that has started once. */
export function usedDatabase(): Promise<string> {
  return emptyDatabase(`template ${TEMPLATE} strategy file_copy`)
}

/** Every table, and no row. */
export async function databaseWithTables(): Promise<string> {
  const url = await usedDatabase()
  await query(url, 'truncate data_keys')
  return url
}

export const setting = 'insert into settings (name, value, updated_at) values (?, ?, ?)'
