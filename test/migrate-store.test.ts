// A store that was moved from SQLite into PostgreSQL answers as it did. All of it needs a PostgreSQL, and so is here only
// where one runs beside the tests.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import test from 'node:test'
import type { InjectOptions } from 'fastify'
import type { App } from '../src/app.ts'
import { type Answers, crawl } from './crawl.ts'
import { basic } from './easypost.support.ts'
import { runHere } from './here.ts'
import {
  databaseWithTables,
  emptyDatabase,
  move,
  ODD_TEXTS,
  open,
  query,
  rowsIn,
  server,
  setting,
  smallStore,
} from './migrate-store.support.ts'
import { OPERATOR_TOKEN } from './operator.ts'
import { run, temporaryDirectory } from './process.ts'

const OPERATOR = { authorization: `Bearer ${OPERATOR_TOKEN}` }
const PUBLIC = { 'x-api-key': 'pk_sb_acme' }
const PARENT = { authorization: basic('EZAKacmeproduction') }

async function send(app: App, request: InjectOptions): Promise<string> {
  const { statusCode, body } = await app.inject(request)
  assert.ok(statusCode >= 200 && statusCode < 300, `${request.method} ${request.url}: ${statusCode} ${body}`)
  return body
}

/** Something of everything: made, changed, removed, mailed, sent and refused. Gives a member's token. */
async function live(app: App): Promise<string> {
  const as = { 'as-api-key': 'as_plain_key_for_acme' }
  const ms = { 'x-api-key': 'sk_sb_acme' }
  const post = (url: string, headers: Record<string, string>, payload?: object) =>
    send(app, { method: 'POST', url, headers, ...(payload && { payload }) })
  await post('/admin/2022-01/memberships', as, { account: { email: 'new.hire@acme.test' }, role: { code: 'member' } })
  await send(app, { method: 'DELETE', url: '/admin/2022-01/memberships/4a6091f28bf645a09246899722ce8a21', headers: as })
  const child = JSON.parse(await post('/v2/users', PARENT, { user: { name: 'Child' } }))
  await send(app, { method: 'DELETE', url: `/v2/users/${child.id}`, headers: PARENT })
  await post('/v2/users', PARENT, { user: { name: 'Another', phone_number: '5550100' } })
  const brand = {
    url: '/v2/users/user_0123456789abcdef0123456789abcdef/brand',
    payload: { brand: { color: '#00ff00' } },
  }
  await send(app, { method: 'PATCH', headers: PARENT, ...brand })
  await post('/members', ms, { email: 'made@acme.test', password: 'one of her own', json: { odd: ODD_TEXTS } })
  await post('/members/mem_sb_cl3ddkq070005njvl997d9mf8/add-plan', ms, { planId: 'pln_staff' })
  await post('/auth/passwordless/login/send', PUBLIC, { email: 'john@doe.test' })
  await post('/understudy/v1/holders/jane@acme.test/offboard', OPERATOR)
  const signedUp = await post('/auth/signup', PUBLIC, { email: 'nina@acme.test', password: 'nina and her word' })
  await app.runJobs()
  return JSON.parse(signedUp).data.tokens.accessToken
}

/** All that anybody can read, by API. */
async function read(app: App, token: string): Promise<Record<string, Answers>> {
  const secrets = ['sk_sb_acme', 'sk_acme', 'pk_sb_acme', 'sk_sb_beta'].map(key => ({ 'x-api-key': key }))
  return {
    aftership: await crawl(app, 'aftership', [{ 'as-api-key': 'as_plain_key_for_acme' }]),
    easypost: await crawl(app, 'easypost', [PARENT, { authorization: basic('EZTKacmetest') }]),
    memberstack: await crawl(app, 'memberstack', [...secrets, { ...PUBLIC, authorization: `Bearer ${token}` }]),
    control: await crawl(app, 'control', [OPERATOR]),
  }
}

function fileHash(directory: string): string {
  return createHash('sha256')
    .update(readFileSync(join(directory, 'understudy.db')))
    .digest('hex')
}

/** The highest number that an event has had. */
function lastEvent(directory: string): number {
  const database = new DatabaseSync(join(directory, 'understudy.db'))
  const row = database.prepare("select seq from sqlite_sequence where name = 'events'").get()
  database.close()
  return Number(row?.seq)
}

function scenarios(): void {
  test('what every vendor and the control API answer is the same after the move, and life goes on', async () => {
    const directory = await smallStore()
    const before = await open(directory)
    const token = await live(before)
    // The first reading leaves its marks: keys were used.
    await read(before, token)
    await before.runJobs()
    const answers = await read(before, token)
    await before.close()
    const file = fileHash(directory)

    const url = await emptyDatabase()
    const moved = await move(directory, url, run)
    assert.equal(moved.code, 0, moved.stderr)
    assert.match(
      moved.stdout,
      new RegExp(`UNDERSTUDY_HOME='${directory}' npx understudy serve --data '.*:\\*\\*\\*@.*'`),
    )
    assert.equal(moved.stdout.includes(url), false, 'the password is not shown')
    assert.equal(fileHash(directory), file, 'the store that was moved is as it was')

    const after = await open(directory, url)
    try {
      assert.deepEqual(await read(after, token), answers)
      const login = { email: 'john@doe.test', password: '123123123' }
      await send(after, { method: 'POST', url: '/auth/login', headers: PUBLIC, payload: login })
      await send(after, { method: 'POST', url: '/v2/users', headers: PARENT, payload: { user: { name: 'Later' } } })
      await after.runJobs()
    } finally {
      await after.close()
    }
    const verified = await runHere(['events', 'verify', '--data', url], { UNDERSTUDY_HOME: directory })
    assert.equal(verified.code, 0, verified.stdout)
  })

  test('texts that other formats trip over, and large numbers, arrive as they are', async () => {
    const name = (text: string) => `odd ${text}`
    const directory = await smallStore(
      ...ODD_TEXTS.map((text): [string, ...SQLInputValue[]] => [setting, name(text), text, 'then']),
      ['update aftership_organizations set seats = ?', Number.MAX_SAFE_INTEGER],
    )
    // A database that has its own idea of order.
    const url = await emptyDatabase("template template0 locale_provider icu icu_locale 'sv-SE'")
    const { code, stderr } = await move(directory, url)
    assert.equal(code, 0, stderr)
    const found = await query<{ name: string; value: string }>(url, "select * from settings where name like 'odd %'")
    assert.deepEqual(
      new Map(found.map(({ name, value }) => [name, value])),
      new Map(ODD_TEXTS.map(text => [name(text), text])),
    )
    const [organization] = await query<{ seats: string }>(url, 'select seats from aftership_organizations')
    assert.equal(organization?.seats, String(Number.MAX_SAFE_INTEGER))
  })

  test('the target has the indexes and foreign keys of a fresh store', async () => {
    const fresh = await emptyDatabase()
    await (await open(temporaryDirectory(), fresh)).close()
    const url = await emptyDatabase()
    const { code, stderr } = await move(await smallStore(), url)
    assert.equal(code, 0, stderr)
    const shapeOf = (database: string) =>
      query(
        database,
        `select indexdef as definition from pg_indexes where schemaname = 'public' union
         select conrelid::regclass || conname || pg_get_constraintdef(oid) from pg_constraint
         where connamespace = 'public'::regnamespace order by definition`,
      )
    assert.deepEqual(await shapeOf(url), await shapeOf(fresh))
  })

  test('growing numbers go on after the highest there has been, also after rows that are gone', async () => {
    const directory = await smallStore(['delete from events where sequence > 3'])
    const last = lastEvent(directory)
    const url = await emptyDatabase()
    const { code, stderr } = await move(directory, url)
    assert.equal(code, 0, stderr)
    const app = await open(directory, url)
    await send(app, { method: 'POST', url: '/v2/users', headers: PARENT, payload: { user: { name: 'Later' } } })
    await app.close()
    const [next] = await query<{ sequence: string }>(
      url,
      'select min(sequence) as sequence from events where sequence > 3',
    )
    assert.ok(last > 3)
    assert.equal(Number(next?.sequence), last + 1)
  })

  test('a table that PostgreSQL alone has, and empties after a crash, is no concern of the move', async () => {
    const url = await databaseWithTables()
    await query(url, 'create unlogged table counters (key text primary key); insert into counters values (1)')
    const { code, stderr, stdout } = await move(await smallStore(), url)
    assert.equal(code, 0, stderr)
    assert.doesNotMatch(stdout, /counters/)
    assert.equal((await rowsIn(url)).counters, 1)
  })
}

if (server !== undefined) scenarios()
