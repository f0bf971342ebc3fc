// A database that goes away: every request is answered, in its vendor's own words, and once it is back all goes on.

import assert from 'node:assert/strict'
import { after } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import { openStore } from '../src/platform/db/engine.ts'
import { createLog } from '../src/platform/log.ts'
import { emptyDatabase, MASTER_KEY, type TestDatabase, testOnPostgres, until } from './nodes.support.ts'
import { TEMPLATE } from './postgres.ts'
import { type Finished, fileWith, run, serve, temporaryDirectory } from './process.ts'
import { startProxy } from './proxy.ts'
import { startReceiver } from './receiver.ts'
import { startApp, type TestApp } from './support.ts'

const PATIENCE_MS = 750
const POOL_MAX = 3
const AWAY =
  /^the database does not answer( \(E[A-Z]+\))?; see that it runs and that its URL is right$|^no connection to the database came free/

const operator = { authorization: 'Bearer ust_operator_token' }
const parent = { authorization: `Basic ${Buffer.from('EZAKacme:').toString('base64')}` }

const SEED = `
aftership:
  organizations: [{ id: org_acme, name: Acme, rateLimit: { perSecond: 1000 }, keys: [{ name: plain, mode: api_key, key: as_plain_key }] }]
easypost:
  users:
    - id: user_0123456789abcdef0123456789abcdef
      name: Acme
      rateLimit: { listPerSecond: 1000, perSecond: 1000 }
      keys: { test: EZTKacme, production: EZAKacme }
memberstack:
  apps: [{ id: app_acme, name: Club, keys: { sandboxSecret: sk_sb_acme }, settings: { rateLimit: { perSecond: 1000 } } }]
webhooks: { allowPrivateAddresses: true }
control: { tokens: [{ name: operator, scope: admin, token: ust_operator_token }] }
`

/** A read of each vendor's and of our own, and what its 503 is. */
const READS = [
  {
    url: '/admin/2022-01/memberships',
    headers: { 'as-api-key': 'as_plain_key' },
    says: { meta: { code: 503, type: 'ServiceUnavailable' } },
  },
  { url: '/v2/users', headers: parent, says: { error: { message: 'The service is temporarily unavailable.' } } },
  {
    url: '/members',
    headers: { 'x-api-key': 'sk_sb_acme' },
    says: { message: 'The service is temporarily unavailable.' },
  },
  { url: '/understudy/v1/events', headers: operator, says: { status: 503, code: 'unavailable' } },
]

interface Scene {
  app: TestApp
  database: TestDatabase
  proxy: Awaited<ReturnType<typeof startProxy>>
}

/** An app whose way to the database can be cut. */
async function start(server: string): Promise<Scene> {
  const database = await emptyDatabase(server, `template ${TEMPLATE} strategy file_copy`)
  const proxy = await startProxy(database.url)
  const app = await startApp(SEED, {
    data: proxy.url,
    masterKey: new Uint8Array(32),
    postgres: { poolMax: POOL_MAX, statementTimeoutMs: PATIENCE_MS },
  })
  after(proxy.close)
  return { app, database, proxy }
}

async function assertAllAnswer({ app }: Scene): Promise<void> {
  for (const { url, headers } of READS) {
    assert.equal((await app.request({ url, headers })).statusCode, 200, url)
  }
  assert.deepEqual((await app.request({ url: '/ready' })).json(), { status: 'ready' })
}

/** All at once, and more of them than there are connections. */
async function assertAllRefuse({ app }: Scene): Promise<void> {
  const refusals = [...READS, ...READS, ...READS].map(async ({ url, headers, says }) => {
    const reply = await app.request({ url, headers })
    assert.equal(reply.statusCode, 503, url)
    assert.partialDeepStrictEqual(reply.json(), says)
  })
  await Promise.all(refusals)
  const ready = await app.request({ url: '/ready' })
  assert.equal(ready.statusCode, 503)
  assert.equal(ready.json().status, 'unready')
  assert.match(ready.json().reason, AWAY)
  assert.deepEqual((await app.request({ url: '/health' })).json(), { status: 'ok' })
}

/** What the log says of the database, and whatever else it calls an error. */
function told({ app }: Scene): string[] {
  return app.log.flatMap(({ level, msg = '' }) => (level === 'error' || msg.includes('database') ? [msg] : []))
}

const LOST = 'the database is away: requests get 503 until it is back, without a restart'
const FOUND = 'the database is back'

testOnPostgres('a database that is cut off and comes back, twice', async server => {
  const scene = await start(server)
  const { app, database, proxy } = scene
  const receiver = await startReceiver()
  const webhook = { webhook: { url: receiver.url } }
  const made = await app.request({ method: 'POST', url: '/v2/webhooks', headers: parent, payload: webhook })
  assert.equal(made.statusCode, 201)
  await app.app.listen()
  for (const round of [1, 2]) {
    await assertAllAnswer(scene)
    proxy.set('shut')
    await assertAllRefuse(scene)
    await assertAllRefuse(scene)
    proxy.set('open')
    await assertAllAnswer(scene)
    const payload = { user: { name: `Desk ${round}` } }
    assert.equal((await app.request({ method: 'POST', url: '/v2/users', headers: parent, payload })).statusCode, 201)
    await receiver.got(round)
    await until('it is written down', async () => {
      const open = await database.query('select id from webhook_deliveries where due_at is not null')
      return open.length === 0
    })
  }
  assert.deepEqual(told(scene), [LOST, FOUND, LOST, FOUND])
  const [lost] = app.log.filter(({ msg }) => msg === LOST)
  const { host, pathname } = new URL(proxy.url)
  assert.equal(lost?.database, host + pathname)
  assert.match(String(lost?.reason), AWAY)
})

testOnPostgres(
  'the page behind a mailed link says that it is not available while the database is away',
  async server => {
    const { app, proxy } = await start(server)
    const url = '/invitations/aftership/a-link'
    assert.equal((await app.request({ url })).statusCode, 404)
    proxy.set('shut')
    for (const method of ['GET', 'POST'] as const) {
      const { statusCode, headers } = await app.request({ method, url })
      assert.deepEqual([statusCode, headers['content-type']], [503, 'text/html; charset=utf-8'])
    }
  },
)

testOnPostgres('connections that fall silent hold no request for long, nor anything after', async server => {
  const scene = await start(server)
  await assertAllAnswer(scene)
  // So that every connection of the pool is open.
  await Promise.all([...READS, ...READS].map(({ url, headers }) => scene.app.request({ url, headers })))
  scene.proxy.set('silent')
  await assertAllRefuse(scene)
  await assertAllRefuse(scene)
  scene.proxy.set('open')
  await assertAllAnswer(scene)
  assert.deepEqual(told(scene), [LOST, FOUND])
})

testOnPostgres('a database that falls silent while more wait than there are connections', async server => {
  const database = await emptyDatabase(server)
  const proxy = await startProxy(database.url)
  after(proxy.close)
  const lines: string[] = []
  const log = createLog('info', { write: line => void lines.push(JSON.parse(line).msg) })
  const store = await openStore(proxy.url, { poolMax: 1, statementTimeoutMs: PATIENCE_MS }, log)
  const ask = () => sql`select 1`.execute(store.db)
  await ask()
  let under = true
  // As clients do: none asks when another does, and what they ask next takes a moment to arrive.
  const askOn = async (place: number) => {
    await setTimeout(place * 120)
    while (under) await ask().catch(() => setTimeout(5))
  }
  proxy.set('silent')
  const load = [0, 1, 2, 3, 4, 5].map(askOn)
  try {
    await until('it is said that it is away', async () => lines.length > 0)
    proxy.set('open')
    await until('it is said that it is back', async () => lines.length > 1)
  } finally {
    under = false
    await Promise.all(load)
    await store.close()
  }
  assert.deepEqual(lines, [LOST, FOUND])
})

testOnPostgres('a commit whose answer is lost is no success, whatever became of it', async server => {
  const { app, database, proxy } = await start(server)
  const create = (name: string) =>
    app.request({ method: 'POST', url: '/v2/users', headers: parent, payload: { user: { name } } })
  assert.equal((await create('Before')).statusCode, 201)
  proxy.muteAt('commit')
  assert.equal((await create('In doubt')).statusCode, 503)
  proxy.set('open')
  assert.equal((await create('After')).statusCode, 201)
  const names = await database.query('select name from easypost_users where parent_id is not null order by name')
  assert.deepEqual(names, [{ name: 'After' }, { name: 'Before' }, { name: 'In doubt' }])
})

testOnPostgres('a statement that takes too long is given up, and its connection goes on', async server => {
  const scene = await start(server)
  const { app, database } = scene
  const read = { url: '/understudy/v1/mails', headers: operator }
  const reply = await database.during('lock table mails in access exclusive mode', () => app.request(read))
  assert.equal(reply.statusCode, 503)
  assert.equal(reply.json().detail, 'a statement took longer than postgres.statementTimeoutMs')
  assert.equal((await app.request(read)).statusCode, 200)
  assert.deepEqual(told(scene), [], 'the database was there')
})

function assertRefused({ code, stderr }: Finished, expected: number, says: RegExp): void {
  assert.equal(code, expected, stderr)
  assert.match(stderr, says)
  assert.equal(stderr.includes('pass-word'), false, stderr)
  assert.equal(
    stderr
      .trimEnd()
      .split('\n')
      .filter(line => !line.startsWith('{')).length,
    1,
    stderr,
  )
}

function serveOn(data: string): Promise<Finished> {
  return run(['serve', '--port', '0'], {
    DATABASE_URL: data,
    UNDERSTUDY_HOME: temporaryDirectory(),
    UNDERSTUDY_MASTER_KEY: MASTER_KEY,
  })
}

testOnPostgres('a database that refuses us at the start: one clear line each', async server => {
  const wrong = new URL(`${server}/postgres`)
  wrong.password = 'pass-word'
  assertRefused(await serveOn(wrong.href), 1, /^understudy serve: the database refuses our user or password;/m)
  assertRefused(await serveOn(`${server}/none`), 1, /^understudy serve: the database server has no such database;/m)
})

testOnPostgres('a node with another master key does not start, and changes nothing', async server => {
  const { url } = await emptyDatabase(server)
  const seed = fileWith('seed.yaml', SEED)
  const first = await serve(['--data', url, '--seed', seed], { UNDERSTUDY_HOME: temporaryDirectory() })
  // Without a key of its own it makes one.
  const second = await run(['serve', '--port', '0', '--data', url], { UNDERSTUDY_HOME: temporaryDirectory() })
  assertRefused(second, 1, /^understudy serve: the master key does not open this store; .*UNDERSTUDY_MASTER_KEY/)
  assert.equal((await fetch(`${first.url}/ready`)).status, 200)
  await first.end('SIGTERM')
})
