// AfterShip contract section 5: the rate limit, its headers, and the headers of every answer.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  assertOk,
  assertRefused,
  BASE,
  type Call,
  call,
  control,
  keys,
  M,
  northwind,
  type Reply,
  seedOf,
  southwind,
} from './aftership.support.ts'
import { openClient } from './socket.ts'
import { SECOND, startApp, type TestApp } from './support.ts'

const { rateLimit: _unlimited, ...limited } = northwind

const NAMES = ['limit', 'remaining', 'reset']

/** Both header families of an answer, which always agree; undefined when it has none. */
function limitsIn({
  headers,
}: Pick<Reply, 'headers'>): { limit: string; remaining: string; reset: string } | undefined {
  const [ours, theirs] = ['', 'x-'].map(prefix => NAMES.map(name => headers[`${prefix}ratelimit-${name}`]))
  assert.deepEqual(ours?.map(String), theirs?.map(String))
  if (ours?.every(value => value === undefined)) return undefined
  const [limit = '', remaining = '', reset = ''] = ours?.map(String) ?? []
  for (const value of [limit, remaining, reset]) assert.match(value, /^\d+$/)
  return { limit, remaining, reset }
}

async function remaining(app: TestApp, options: Call = {}): Promise<string | undefined> {
  return limitsIn(await call(app, options))?.remaining
}

async function spend(app: TestApp, count: number, options: Call = {}): Promise<void> {
  for (let sent = 0; sent < count; sent++) assert.notEqual((await call(app, options)).status, 429)
}

describe('the limit', () => {
  test('is 10 requests a second; the 11th is 429, without Retry-After', async () => {
    const app = await startApp(seedOf(limited))
    for (let left = 9; left >= 0; left--) {
      const reply = await call(app, {})
      assert.equal(reply.status, 200)
      assert.equal(limitsIn(reply)?.limit, '10')
      assert.equal(limitsIn(reply)?.remaining, String(left))
    }
    const refused = await call(app, {})
    assertRefused(refused, 'rateLimited')
    assert.equal(refused.headers['retry-after'], undefined)
    assert.equal(limitsIn(refused)?.remaining, '0')
    assert.equal(limitsIn(refused)?.limit, '10')
  })

  test('counts in a window that its first request opens, not the clock', async () => {
    const app = await startApp(seedOf(limited), { now: '2026-03-04T09:30:00.750Z' })
    await spend(app, 1)
    app.clock.advance(999)
    await spend(app, 9)
    assertRefused(await call(app, {}), 'rateLimited')
    app.clock.advance(1)
    await spend(app, 10)
    assertRefused(await call(app, {}), 'rateLimited')
    app.clock.advance(999)
    assertRefused(await call(app, {}), 'rateLimited')
    app.clock.advance(1)
    await spend(app, 10)
  })

  test('a window that nobody uses does not open: the next one starts with the next request', async () => {
    const app = await startApp(seedOf(limited))
    await spend(app, 10)
    app.clock.advance(1500)
    await spend(app, 10)
    app.clock.advance(999)
    assertRefused(await call(app, {}), 'rateLimited')
  })

  test('reset is the end of the window in Unix seconds, rounded up', async () => {
    const cases = [
      ['2026-03-04T09:30:00.000Z', '2026-03-04T09:30:01Z'],
      ['2026-03-04T09:30:00.001Z', '2026-03-04T09:30:02Z'],
      ['2026-03-04T09:30:00.500Z', '2026-03-04T09:30:02Z'],
      ['2026-03-04T09:30:00.999Z', '2026-03-04T09:30:02Z'],
    ] as const
    for (const [now, expected] of cases) {
      const app = await startApp(seedOf(limited), { now })
      const reset = String(Date.parse(expected) / 1000)
      for (let sent = 0; sent < 12; sent++) assert.equal(limitsIn(await call(app, {}))?.reset, reset, now)
      app.clock.advance(999)
      assert.equal(limitsIn(await call(app, {}))?.reset, reset, 'the same to the end of the window')
    }
  })

  test('whoever waits until reset is never early', async () => {
    for (const ms of [0, 1, 333, 999]) {
      const app = await startApp(seedOf(limited), { now: `2026-03-04T09:30:00.${String(ms).padStart(3, '0')}Z` })
      await spend(app, 10)
      const reset = Number(limitsIn(await call(app, {}))?.reset)
      app.clock.advance(reset * SECOND - app.clock.now())
      assert.equal((await call(app, {})).status, 200)
    }
  })

  test('a refused request consumes nothing', async () => {
    const app = await startApp(seedOf(limited))
    await spend(app, 10)
    for (let refused = 0; refused < 25; refused++) assertRefused(await call(app, {}), 'rateLimited')
    app.clock.advance(SECOND)
    await spend(app, 10)
    assertRefused(await call(app, {}), 'rateLimited')
  })

  test('any other authenticated request consumes one, whatever its status', async () => {
    const app = await startApp(seedOf(limited))
    const requests: [number, Call][] = [
      [200, {}],
      [200, { path: `${BASE}/roles` }],
      [404, { path: `${BASE}/nowhere` }],
      [404, { path: `${M}/mem_none` }],
      [403, { key: keys.none }],
      [400, { method: 'POST', body: '{' }],
      [422, { method: 'POST', body: {} }],
      [200, { method: 'DELETE', path: `${M}/mem_ben` }],
    ]
    for (const [index, [status, request]] of requests.entries()) {
      const reply = await call(app, request)
      assert.equal(reply.status, status)
      assert.equal(limitsIn(reply)?.remaining, String(9 - index), `${status}`)
    }
  })

  test('a 500 counts and tells the limits as well', async () => {
    const app = await startApp(seedOf(limited))
    await app.app.context.db.schema.dropTable('aftership_membership_blocks').execute()
    for (const left of ['9', '8']) {
      const reply = await call(app, {})
      assertRefused(reply, 'internal')
      assert.equal(limitsIn(reply)?.remaining, left)
    }
  })

  test('not told on a 401 or an unread 413, which consume nothing', async () => {
    const app = await startApp(seedOf(limited))
    const tooLarge = Buffer.alloc(1024 * 1024 + 1)
    for (let sent = 0; sent < 20; sent++) {
      assert.equal(limitsIn(await call(app, { key: null })), undefined)
      assert.equal(limitsIn(await call(app, { key: 'wrong key' })), undefined)
      assert.equal(limitsIn(await call(app, { headers: { 'as-access-token': 'token' } })), undefined)
    }
    assert.equal(limitsIn(await call(app, { method: 'POST', body: tooLarge })), undefined)
    assert.equal(await remaining(app), '9')
  })

  test('is one for all keys of an organization, and another for each organization', async () => {
    const app = await startApp(seedOf(limited, southwind))
    assert.equal(await remaining(app, { key: keys.full }), '9')
    assert.equal(await remaining(app, { key: keys.read }), '8')
    assert.equal(await remaining(app, { key: keys.none }), '7')
    assert.equal(await remaining(app, { key: keys.south }), '9')
    await spend(app, 7)
    assertRefused(await call(app, { key: keys.read }), 'rateLimited')
    await spend(app, 9, { key: keys.south })
    assertRefused(await call(app, { key: keys.south }), 'rateLimited')
  })

  test('can be set for each organization, and a change holds at once', async () => {
    const app = await startApp(seedOf({ ...limited, rateLimit: { perSecond: 2 } }))
    await spend(app, 2)
    const refused = await call(app, {})
    assertRefused(refused, 'rateLimited')
    assert.equal(limitsIn(refused)?.limit, '2')
    await control(app, 'PATCH', `/aftership/organizations/${northwind.id}`, { requestsPerSecond: 5 })
    assert.deepEqual(await remaining(app), '2')
    await control(app, 'PATCH', `/aftership/organizations/${northwind.id}`, { requestsPerSecond: 1 })
    const lowered = await call(app, {})
    assertRefused(lowered, 'rateLimited')
    assert.equal(limitsIn(lowered)?.remaining, '0')
  })

  test('requests at once are counted one by one', async () => {
    const app = await startApp(seedOf(limited))
    const replies = await Promise.all(Array.from({ length: 25 }, () => call(app, {})))
    assert.equal(replies.filter(reply => reply.status === 200).length, 10)
    assert.equal(replies.filter(reply => reply.status === 429).length, 15)
  })

  test('a clock that is set back does not lock anybody out', async () => {
    const app = await startApp(seedOf(limited))
    await spend(app, 10)
    app.clock.advance(-3600 * SECOND)
    await spend(app, 10)
  })

  test('a refused write changes nothing', async () => {
    const app = await startApp(seedOf(limited))
    await spend(app, 10)
    assertRefused(await call(app, { method: 'DELETE', path: `${M}/mem_ben` }), 'rateLimited')
    await app.assertEvents()
    app.clock.advance(SECOND)
    assertOk(await call(app, { method: 'DELETE', path: `${M}/mem_ben` }), {})
  })
})

describe('headers of every answer', () => {
  const requests: [number, Call][] = [
    [200, {}],
    [201, { method: 'POST', body: { account: { email: 'liu@northwind.example' }, role: { code: 'member' } } }],
    [400, { method: 'POST' }],
    [401, { key: null }],
    [403, { key: keys.none }],
    [404, { path: '/admin/x' }],
    [413, { method: 'POST', body: Buffer.alloc(1024 * 1024 + 1) }],
    [422, { method: 'POST', body: {} }],
  ]

  test('as-trace-id: new each time, whatever the client sends, and in the log', async () => {
    const app = await startApp(seedOf(northwind))
    const seen = new Set<string>()
    for (const [status, request] of [...requests, ...requests]) {
      const headers = { 'as-trace-id': 'f'.repeat(32), 'request-id': 'e'.repeat(32), 'x-request-id': 'd'.repeat(32) }
      const reply = await call(app, { ...request, headers })
      const id = String(reply.headers['as-trace-id'])
      assert.ok(!seen.has(id))
      seen.add(id)
      const lines = app.log.filter(line => line.reqId === id && line.msg === 'request')
      assert.equal(lines.length, 1, 'one line for each request')
      assert.equal(lines[0]?.status, reply.status)
      if (reply.status !== 409) assert.equal(reply.status, status)
    }
    for (const id of ['f', 'e', 'd']) assert.ok(!seen.has(id.repeat(32)))
  })

  test('cache-control forbids every copy (asserted by each call), and no reply names the server', async () => {
    const app = await startApp(seedOf(northwind))
    for (const [, request] of requests) {
      const { headers } = await call(app, request)
      assert.equal(headers.server, undefined)
      assert.equal(headers['x-powered-by'], undefined)
      assert.equal(headers['set-cookie'], undefined)
    }
  })

  test('over a socket, headers and all', async () => {
    const app = await startApp(seedOf(limited))
    const send = openClient(await app.app.listen())
    const { headers, text } = await send({ path: M, headers: { 'as-api-key': keys.full } })
    const given = [headers['as-trace-id'], headers['cache-control'], headers['content-type'], headers['content-length']]
    assert.match(String(given[0]), /^[0-9a-f]{32}$/)
    assert.deepEqual(given.slice(1), [
      'no-store, no-cache, must-revalidate, proxy-revalidate',
      'application/json; charset=utf-8',
      String(Buffer.byteLength(text)),
    ])
    assert.deepEqual(limitsIn({ headers }), {
      limit: '10',
      remaining: '9',
      reset: String(app.clock.now() / 1000 + 1),
    })
  })
})
