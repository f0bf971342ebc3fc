// Backups of a PostgreSQL store, and stores on either engine that are made of them. All of it needs a PostgreSQL, and so
// is here only where one runs beside the tests.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import pg from 'pg'
import { backup } from '../src/cli/backup.ts'
import { copyOut } from '../src/platform/db/move/postgres-copy.ts'
import {
  assertFails,
  assertWhole,
  backupFile,
  done,
  homeWithKeyOf,
  startWriting,
  statusOfKey,
} from './backup.support.ts'
import { runHere } from './here.ts'
import { emptyDatabase, ODD_TEXTS, query, rowsIn, server } from './migrate-store.support.ts'
import { until } from './nodes.support.ts'
import { fileWith, run, serve, start, temporaryDirectory } from './process.ts'

const QUIET = { UNDERSTUDY_LOG_LEVEL: 'silent' }
const EVERYTHING = readFileSync(new URL('./fixtures/seed.all.yaml', import.meta.url), 'utf8').replaceAll(
  /(erSecond): \d+/g,
  '$1: 1000000',
)
/** What a restore adds to, and what is no part of a backup. */
const OTHERWISE = ['events', 'rate_windows', 'rate_buckets']
const COPIES = "application_name = 'understudy copy' and datname = current_database()"

/** Everything in a database, as texts, by table. */
async function dump(url: string): Promise<Map<string, string>> {
  const tables = Object.keys(await rowsIn(url)).filter(name => !OTHERWISE.includes(name))
  const texts = tables
    .toSorted()
    .map(name => `select '${name}' as name, string_agg(t::text, e'\\n' order by t::text) as rows from "${name}" t`)
  const dumped = await query<{ name: string; rows: string | null }>(url, texts.join(' union all '))
  return new Map(dumped.map(({ name, rows }) => [name, rows ?? '']))
}

/** Does something while nobody can read one of the tables. */
async function whileHeld<T>(url: string, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await client.query('begin; lock table settings in access exclusive mode')
    return await work()
  } finally {
    await client.end()
  }
}

/** Waits until a backup has begun to read from the database, and is held up there. */
function untilHeld(url: string): Promise<void> {
  const held = `select from pg_stat_activity where ${COPIES} and wait_event_type = 'Lock'`
  return until('a backup waits for a table', async () => (await query(url, held)).length > 0)
}

interface Made {
  url: string
  home: string
  env: NodeJS.ProcessEnv
}

/** A store with one row of nearly everything, and a home with its master key: made once. */
let made: Promise<Made> | undefined
async function make(): Promise<Made> {
  const home = temporaryDirectory()
  const url = await emptyDatabase()
  const env = { UNDERSTUDY_HOME: home, ...QUIET }
  await done(['seed', fileWith('all.yaml', EVERYTHING), '--data', url], env)
  return { url, home, env }
}

function storeOnPostgres(): Promise<Made> {
  made ??= make()
  return made
}

function scenarios(): void {
  test('a backup among writers has all that was acknowledged before; on either engine a store of it is whole', async () => {
    const { url, home, env } = await storeOnPostgres()
    for (const [index, text] of ODD_TEXTS.entries()) {
      await query(url, `insert into settings values ('odd ${index}', e'${text.replace(/[\\']/g, '\\$&')}', 'then')`)
    }
    const node = await serve(['--data', url], env)
    const writing = startWriting(node.url)
    await writing.some
    const before = [...writing.acknowledged]
    const file = backupFile()
    const said = await done(['backup', file, '--data', url], env, run)
    const during = writing.acknowledged.length - before.length
    await writing.stop()
    assert.ok(during > 0, 'writers went on meanwhile')
    assert.equal(said.includes(url), false, 'the password is not shown')
    assert.deepEqual(readdirSync(dirname(file)), ['backup.db'])
    const directory = homeWithKeyOf(home)
    await done(['restore', file, '--data', directory])
    await assertWhole(directory, directory, before)

    // With nobody who writes, what is restored can be compared row by row.
    await node.end('SIGTERM')
    const quiet = backupFile()
    await done(['backup', quiet, '--data', url], env)
    const second = await emptyDatabase("template template0 locale_provider icu icu_locale 'sv-SE'")
    await done(['restore', quiet, '--data', second], env)
    assert.deepEqual(await dump(second), await dump(url))
    await assertWhole(second, home, writing.acknowledged)

    const again = await serve(['--data', directory], QUIET)
    assert.equal(await statusOfKey(again.url), 200)
    await again.end('SIGTERM')
    await done(['events', 'verify', '--data', directory])
    await done(['events', 'verify', '--data', second], env)
  })

  test('a backup that is interrupted, by the database or by kill -9, leaves no file', async () => {
    const { url, env } = await storeOnPostgres()
    const ends: [says: RegExp, end: (child: { kill(signal: 'SIGKILL'): void }) => unknown][] = [
      [
        /^understudy backup: (terminating connection|read ECONNRESET|Connection terminated)/,
        () => query(url, `select pg_terminate_backend(pid) from pg_stat_activity where ${COPIES}`),
      ],
      [/^$/, child => child.kill('SIGKILL')],
    ]
    for (const [says, end] of ends) {
      const file = backupFile()
      const finished = await whileHeld(url, async () => {
        const started = start(['backup', file, '--data', url], env)
        await untilHeld(url)
        await end(started.child)
        return started.finished
      })
      assert.match(finished.stderr, says)
      assert.notEqual(finished.code, 0)
      assert.equal(existsSync(file), false)
    }
  })

  test('rows that cannot be written down are an error of the backup, and of nobody else', async () => {
    const client = new pg.Client(`${server}/postgres`)
    await client.connect()
    try {
      const rows = 'copy (select generate_series(1, 3)) to stdout'
      const full = () => {
        throw new Error('full')
      }
      await assert.rejects(copyOut(client, rows, full), /^Error: full$/)
      assert.equal(await copyOut(client, rows, () => {}), 3, 'the connection is as good as before')
    } finally {
      await client.end()
    }
  })

  test('what is refused: no store, a database that is not empty or does not answer, another master key', async () => {
    const { url, env } = await storeOnPostgres()
    const file = backupFile()
    await done(['backup', file, '--data', url], env)
    const untouched = await dump(url)
    const empty = await emptyDatabase()
    const other = { UNDERSTUDY_MASTER_KEY: randomBytes(32).toString('base64') }
    const nowhere = 'postgres://nobody:secret@127.0.0.1:1/none'
    await assertFails(backup, [backupFile(), '--data', empty], /^there is no store at postgres:\/\/understudy:\*\*\*@/)
    await assertFails(backup, [backupFile(), '--data', nowhere], /^cannot connect to the database: ECONNREFUSED$/)
    const cases: [data: string, env: NodeJS.ProcessEnv, says: RegExp][] = [
      [url, env, /: the target database is not empty: there are rows in /],
      [empty, other, /: the master key does not open this store/],
      [nowhere, env, /: cannot connect to the database: ECONNREFUSED\n$/],
    ]
    const found = await Promise.all(cases.map(([data, env]) => runHere(['restore', file, '--data', data], env)))
    for (const [index, [, , says]] of cases.entries()) {
      assert.match(found[index]?.stderr ?? '', says)
      assert.equal(found[index]?.code, 1)
    }
    assert.deepEqual(await dump(url), untouched)
    assert.deepEqual(await rowsIn(empty), {}, 'not even a table')
  })
}

if (server !== undefined) scenarios()
