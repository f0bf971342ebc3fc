// The store refuses changes, or everything, under the vendors' own requests: `npm run torture -- store`, in short.

import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { sql } from 'kysely'
import { type Vendor, WIRES } from '../torture/store/world.ts'
import { emptyDatabase, testOnPostgres, until } from './nodes.support.ts'
import { SERVER_URL, TEMPLATE } from './postgres.ts'
import { temporaryDirectory } from './process.ts'
import { startApp, type TestApp } from './support.ts'

/** So many rows more than fill the last pages. */
const ROUNDS_MAX = 30
const SEED = `
aftership:
  accounts: [${Array.from({ length: ROUNDS_MAX + 1 }, (_, round) => `{ email: n${round}@acme.test }`).join()}]
  organizations: [{ id: org_acme, name: Acme, rateLimit: { perSecond: 1000 }, keys: [{ name: plain, mode: api_key, key: as_plain_key }] }]
easypost: { users: [{ name: Acme, keys: { test: EZTKacme, production: EZAKacme } }] }
memberstack: { apps: [{ name: Club, keys: { sandboxSecret: sk_sb_acme } }] }
control: { tokens: [{ name: operator, scope: admin, token: ust_operator_token }] }
`
const VENDORS = Object.keys(WIRES) as Vendor[]
const onPostgres = process.env[SERVER_URL] !== undefined

async function ask({ request }: TestApp, { method = 'GET', path, headers, body }: (typeof WIRES)['aftership']['read']) {
  const payload = body === undefined ? {} : { payload: body }
  const reply = await request({ method, url: path, headers: headers ?? {}, ...payload })
  return { status: reply.statusCode, body: reply.json() }
}

async function assertUnavailable(app: TestApp, vendor: Vendor, asked: (typeof WIRES)['aftership']['read']) {
  const { status, body } = await ask(app, asked)
  assert.equal(status, 503, JSON.stringify(body))
  assert.partialDeepStrictEqual(body, WIRES[vendor].unavailable)
}

/** Has the store refuse whatever would make it grow, as on a full disk. What is returned ends that. */
async function fill({ app }: TestApp): Promise<() => Promise<unknown>> {
  const { db } = app.context
  if (onPostgres) {
    const raise = `begin raise exception 'could not extend file' using errcode = '53100'; end`
    await sql
      .raw(`create function full_disk() returns trigger language plpgsql as '${raise.replaceAll("'", "''")}'`)
      .execute(db)
    await sql`create trigger full_disk before insert on events for each row execute function full_disk()`.execute(db)
    return () => sql`drop function full_disk cascade`.execute(db)
  }
  // As many pages as there are, none of them free.
  await sql`vacuum`.execute(db)
  await sql`create table filler (text)`.execute(db)
  await sql`insert into filler values (${'x'.repeat(100_000)})`.execute(db)
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(db)
  await sql`pragma max_page_count = ${sql.lit(rows[0]?.page_count ?? 0)}`.execute(db)
  return async () => {
    await sql`pragma max_page_count = 1000000000`.execute(db)
    await sql`drop table filler`.execute(db)
  }
}

test('a full disk: changes are refused in each vendor’s words and leave nothing, reads go on, and it ends by itself', async () => {
  const app = await startApp(SEED)
  const ready = () => app.request({ url: '/ready' })
  const free = await fill(app)
  const refused = new Set<Vendor>()
  // On SQLite the last pages have room for a few rows yet.
  let invited = 0
  for (let round = 0; refused.size < VENDORS.length; round++) {
    assert.ok(round < ROUNDS_MAX, 'a change that makes the store grow is refused')
    for (const vendor of VENDORS) {
      const { status, body } = await ask(app, WIRES[vendor].create(`n${round}@acme.test`))
      if (status === 503) {
        assert.partialDeepStrictEqual(body, WIRES[vendor].unavailable)
        refused.add(vendor)
      } else if (vendor === 'aftership') invited++
    }
  }
  for (const vendor of VENDORS) assert.equal((await ask(app, WIRES[vendor].read)).status, 200, vendor)
  assert.equal((await ready()).statusCode, 503)
  assert.match((await ready()).json().reason, /^the disk (of the database )?is full; make room/)
  await free()
  assert.equal((await ask(app, WIRES.aftership.create(`n${ROUNDS_MAX}@acme.test`))).status, 201)
  await until('/ready says that it is over', async () => (await ready()).statusCode === 200)
  const { count } = await app.app.context.db
    .selectFrom('events')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('type', '=', 'membership.created')
    .executeTakeFirstOrThrow()
  assert.equal(count, invited + 1)
})

async function assertAllRefused(app: TestApp): Promise<void> {
  // More of each than strangers may ask in a second: nothing is known against their keys.
  for (const vendor of VENDORS) {
    const asked = Array.from({ length: 40 }, () => assertUnavailable(app, vendor, WIRES[vendor].read))
    await Promise.all(asked)
  }
}

if (!onPostgres) {
  test('a database file that is moved away: every request is a 503 of its vendor’s, and none counts as a stranger’s', async () => {
    const data = temporaryDirectory()
    const app = await startApp(SEED, { data, masterKey: new Uint8Array(32) })
    const path = join(data, 'understudy.db')
    renameSync(path, `${path}.away`)
    await assertUnavailable(app, 'easypost', WIRES.easypost.create('lost@acme.test'))
    await assertAllRefused(app)
    assert.match((await app.request({ url: '/ready' })).json().reason, /^the database file was removed or replaced/)
    renameSync(`${path}.away`, path)
    await until('it serves again', async () => (await app.request({ url: '/ready' })).statusCode === 200)
    assert.equal((await ask(app, WIRES.easypost.create('kept@acme.test'))).status, 201)
  })
}

testOnPostgres('connections that take no writes, as after a failover, are not used for ever', async server => {
  const database = await emptyDatabase(server, `template ${TEMPLATE} strategy file_copy`)
  const app = await startApp(SEED, {
    data: database.url,
    masterKey: new Uint8Array(32),
    postgres: { poolMax: 3, statementTimeoutMs: 5000 },
  })
  const name = new URL(database.url).pathname.slice(1)
  const set = (way: 'on' | 'off') =>
    database.query(`begin read write; alter database ${name} set default_transaction_read_only = ${way}; commit`)
  await set('on')
  await database.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`)
  await until('it is refused', async () => (await ask(app, WIRES.easypost.read)).status === 503)
  await assertAllRefused(app)
  assert.match((await app.request({ url: '/ready' })).json().reason, /^the database takes no writes/)
  await set('off')
  await until('it serves again', async () => (await app.request({ url: '/ready' })).statusCode === 200)
  assert.equal((await ask(app, WIRES.easypost.create('Desk'))).status, 201)
})
