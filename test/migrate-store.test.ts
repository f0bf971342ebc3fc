// A store that was moved from SQLite into PostgreSQL answers as it did; a move that fails leaves nothing behind. All of
// it needs a PostgreSQL, and so is here only where one runs beside the tests.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import test from 'node:test'
import type { InjectOptions } from 'fastify'
import pg from 'pg'
import { type App, createApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { type Answers, crawl } from './crawl.ts'
import { basic } from './easypost.support.ts'
import { OPERATOR_TOKEN } from './operator.ts'
import { SERVER_URL } from './postgres.ts'
import { type Finished, fileWith, run, temporaryDirectory } from './process.ts'
import { FakeClock } from './support.ts'

const server = process.env[SERVER_URL]
const OPERATOR = { authorization: `Bearer ${OPERATOR_TOKEN}` }
const PUBLIC = { 'x-api-key': 'pk_sb_acme' }
const PARENT = { authorization: basic('EZAKacmeproduction') }
/** Deliveries to it fail, and their attempts are kept. */
const REFUSES = 'http://127.0.0.1:1'

/** The example of everything, without the limits that reading all of it would meet. */
const SEED = readFileSync(new URL('./fixtures/seed.all.yaml', import.meta.url), 'utf8')
  .replaceAll(/(erSecond): \d+/g, '$1: 1000000')
  .replaceAll(/http:\/\/127\.0\.0\.1:9000|https:\/\/receiver\.test/g, REFUSES)

/** What makes the databases' collations and COPY's text format differ from a plain copy. */
const ODD_TEXTS = [
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

async function open(home: string, data = home): Promise<App> {
  const config = await readConfig({ data, port: '0' }, { UNDERSTUDY_HOME: home, UNDERSTUDY_LOG_LEVEL: 'silent' })
  const passwords = { memoryKiB: 8, passes: 1, parallelism: 1, concurrency: 2 }
  return createApp({ ...config, passwords }, { clock: new FakeClock('2026-03-04T09:30:00.000Z') })
}

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

/** The number of rows, by table; the migrations' own are left out. */
async function rowsIn(url: string): Promise<Record<string, number>> {
  const names = await query<{ name: string }>(
    url,
    "select tablename as name from pg_tables where schemaname = 'public' and tablename not like 'kysely%'",
  )
  const counted: Record<string, number> = {}
  for (const { name } of names) counted[name] = (await query(url, `select from "${name}"`)).length
  return counted
}

async function query<Row extends object>(url: string, statement: string): Promise<Row[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query<Row>(statement)).rows
  } finally {
    await client.end()
  }
}

let made = 0
async function emptyDatabase(): Promise<string> {
  const name = `move_${process.pid}_${++made}`
  await query(`${server}/postgres`, `create database ${name}`)
  return `${server}/${name}`
}

/** The seed in a directory: made once, and copied. */
let seeded: Promise<string> | undefined
async function makeSeeded(): Promise<string> {
  const directory = temporaryDirectory()
  const { code, stderr } = await run(['seed', fileWith('seed.yaml', SEED), '--data', directory])
  assert.equal(code, 0, stderr)
  return directory
}

/** A small store in a directory of its own, with these statements run on it. */
async function smallStore(...statements: [sql: string, ...values: SQLInputValue[]][]): Promise<string> {
  seeded ??= makeSeeded()
  const directory = temporaryDirectory()
  cpSync(await seeded, directory, { recursive: true })
  const database = new DatabaseSync(join(directory, 'understudy.db'))
  for (const [sql, ...values] of statements) database.prepare(sql).run(...values)
  database.close()
  return directory
}

function move(from: string, to: string): Promise<Finished> {
  return run(['migrate-store', '--from', from, '--to', to])
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

/** Every table, and no row. */
async function makeTables(url: string): Promise<void> {
  await (await open(temporaryDirectory(), url)).close()
  await query(url, 'truncate data_keys')
}

const setting = 'insert into settings (name, value, updated_at) values (?, ?, ?)'

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
    const moved = await move(directory, url)
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
  })

  test('texts that other formats trip over, and large numbers, arrive as they are', async () => {
    const name = (text: string) => `odd ${text}`
    const directory = await smallStore(
      ...ODD_TEXTS.map((text): [string, ...SQLInputValue[]] => [setting, name(text), text, 'then']),
      ['update aftership_organizations set seats = ?', Number.MAX_SAFE_INTEGER],
    )
    const url = await emptyDatabase()
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

  test('a row that PostgreSQL cannot keep is named without what is in it; nothing stays, and a second try goes well', async () => {
    const cases: [broken: string, mended: string, says: RegExp][] = [
      [
        "update webhook_endpoints set events = 'secret' || char(0)",
        "update webhook_endpoints set events = '[]'",
        /: webhook_endpoints: the row with sequence 1 has a null character in events, which PostgreSQL cannot keep\n$/,
      ],
      [
        "update memberstack_plans set priority = 'secret' where id = 'pln_paid'",
        "update memberstack_plans set priority = 1 where id = 'pln_paid'",
        /: memberstack_plans: the row with app_id app_cf3\w+, id pln_paid has what is no integer in priority,/,
      ],
      [
        'update aftership_organizations set requests_per_second = 3000000000',
        'update aftership_organizations set requests_per_second = 3',
        /: aftership_organizations: .*out of range for type integer\n$/,
      ],
    ]
    for (const [broken, mended, says] of cases) {
      const directory = await smallStore([broken])
      const url = await emptyDatabase()
      const failed = await move(directory, url)
      assert.match(failed.stderr, says)
      assert.equal(failed.stderr.includes('secret'), false)
      assert.equal(failed.code, 1)
      assert.deepEqual(await rowsIn(url), {}, 'not even a table')
      const database = new DatabaseSync(join(directory, 'understudy.db'))
      database.exec(mended)
      database.close()
      const { code, stderr } = await move(directory, url)
      assert.equal(code, 0, stderr)
    }
  })

  test('a row that breaks a foreign key or an index is refused, as it would be anywhere', async () => {
    const directory = await smallStore()
    const database = new DatabaseSync(join(directory, 'understudy.db'), { enableForeignKeyConstraints: false })
    database.exec("delete from aftership_accounts where email = 'jane@acme.test'")
    database.close()
    const url = await emptyDatabase()
    const { code, stderr } = await move(directory, url)
    assert.match(stderr, /violates foreign key constraint "aftership_memberships_account"\n$/)
    assert.equal(code, 1)
    assert.deepEqual(await rowsIn(url), {})
  })

  const stumbles: [what: string, trigger: string, says: RegExp][] = [
    [
      'a database that changes what it is given is found out',
      "new.value = 'other'; return new;",
      /: settings: the rows came out other than they went in \(\d+ in, \d+ out\)\n$/,
    ],
    [
      'a connection that breaks half-way ends the move',
      'perform pg_terminate_backend(pg_backend_pid()); return new;',
      /: settings: (terminating connection due to administrator command|read ECONNRESET|write EPIPE)\n$/,
    ],
  ]
  for (const [what, trigger, says] of stumbles) {
    test(`${what}; nothing stays, and the next try goes well`, async () => {
      const url = await emptyDatabase()
      const directory = await smallStore([setting, 'club', 'as it was', 'then'])
      await makeTables(url)
      await query(
        url,
        `create function stumble() returns trigger language plpgsql as $$ begin ${trigger} end $$;
         create trigger stumble before insert on settings for each row execute function stumble()`,
      )
      const { code, stderr } = await move(directory, url)
      assert.match(stderr, says)
      assert.equal(code, 1)
      assert.deepEqual([...new Set(Object.values(await rowsIn(url)))], [0])
      await query(url, 'drop trigger stumble on settings')
      const again = await move(directory, url)
      assert.equal(again.code, 0, again.stderr)
    })
  }

  test('a table that PostgreSQL alone has, and empties after a crash, is no concern of the move', async () => {
    const url = await emptyDatabase()
    await makeTables(url)
    await query(url, 'create unlogged table counters (key text primary key); insert into counters values (1)')
    const { code, stderr, stdout } = await move(await smallStore(), url)
    assert.equal(code, 0, stderr)
    assert.doesNotMatch(stdout, /counters/)
    assert.equal((await rowsIn(url)).counters, 1)
  })

  test('a database that holds anything is refused, and left as it is', async () => {
    const directory = await smallStore()
    const used = await emptyDatabase()
    await (await open(temporaryDirectory(), used)).close()
    const foreign = await emptyDatabase()
    await query(foreign, 'create table invoices (id text)')
    for (const [url, says] of [
      [used, /: the target database is not empty: there are rows in data_keys\./],
      [foreign, /: the target database is not empty: it has tables of something else: invoices\./],
    ] as const) {
      const untouched = await rowsIn(url)
      const { code, stderr } = await move(directory, url)
      assert.match(stderr, says)
      assert.equal(code, 1)
      assert.deepEqual(await rowsIn(url), untouched)
    }
  })
}

if (server !== undefined) scenarios()
