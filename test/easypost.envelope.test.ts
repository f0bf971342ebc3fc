// EasyPost contract sections 1, 11, 12 and 13: errors, headers, limits, and answers that leave in one write.

import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { METHODS } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import fastify from 'fastify'
import type { Context } from '../src/platform/context.ts'
import { LargeAnswers } from '../src/vendors/easypost/large-answers.ts'
import {
  acme,
  acmeRecord,
  assertHeaders,
  assertRefused,
  basic,
  call,
  globex,
  ids,
  type Json,
  keys,
  ok,
  SEED,
  seedOf,
  V2,
} from './easypost.support.ts'
import { SERVER_URL } from './postgres.ts'
import { exchangeBytes, openClient } from './socket.ts'
import { SECOND, startApp } from './support.ts'

const start = () => startApp(SEED)

describe('routes', () => {
  const paths: [string, string][] = [
    ['/users', 'GET, PATCH, POST, PUT'],
    ['/users/children', 'GET'],
    [`/users/${ids.acme}`, 'DELETE, GET, PATCH, PUT'],
    [`/users/${ids.acme}/children`, 'GET'],
    [`/users/${ids.acme}/brand`, 'PATCH, PUT'],
    ['/api_keys', 'GET, POST'],
    ['/api_keys/ak_x', 'DELETE'],
    ['/api_keys/ak_x/enable', 'POST'],
    ['/api_keys/ak_x/disable', 'POST'],
    ['/webhooks', 'GET, POST'],
    ['/webhooks/hook_x', 'DELETE, GET, PATCH, PUT'],
    ['/events', 'GET'],
    ['/events/evt_x', 'GET'],
    ['/events/evt_x/payloads', 'GET'],
    ['/events/evt_x/payloads/payload_x', 'GET'],
  ]
  test('a known path with another method: 405, and which there are', async () => {
    const app = await start()
    const client = openClient(await app.app.listen())
    for (const [path, allow] of paths) {
      for (const method of METHODS) {
        if (allow.split(', ').includes(method) || method === 'CONNECT') continue
        const reply = await client({ method, path: V2 + path, headers: { authorization: basic(keys.acme) } })
        assert.deepEqual([reply.status, reply.headers.allow], [405, allow], `${method} ${path}`)
        assertHeaders(reply.headers)
        assert.equal(reply.headers['content-type'], 'application/json; charset=utf-8')
        if (method !== 'HEAD') assert.equal(JSON.parse(reply.text).error.code, 'METHOD_NOT_ALLOWED')
      }
    }
    await app.assertEvents()
  })

  test('a trailing slash is taken on any path, and answered without a redirect', async () => {
    const app = await start()
    for (const [path, allow] of paths) {
      const method = allow.includes('GET') ? 'GET' : 'PATCH'
      const [plain, slashed] = [await call(app, method, path), await call(app, method, `${path}/`)]
      assert.equal(slashed.status, plain.status, path)
      assert.ok(plain.status < 300 || plain.status >= 400)
    }
  })

  test('all else is 404 with the envelope, whatever the method and the body', async () => {
    const app = await start()
    for (const path of [
      '',
      '/',
      '/nowhere',
      '/shipments',
      '/batches',
      '/carrier_accounts',
      '/referral_customers',
      '/customer_portal/account_link',
      '/embeddables/session',
      '/users/a/b',
      '/users/a/children/c',
      '/api_keys/x/rotate',
      '/Users',
      '/%',
      '/users/%/nowhere',
    ]) {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE'] as const) {
        const options = method === 'GET' ? {} : { body: '{"a":1}', headers: { 'content-type': 'application/json' } }
        assertRefused(await call(app, method, path, options), 'NOT_FOUND')
      }
    }
    for (const url of ['/beta/users', '/beta', '/beta/referral_customers?x=1']) {
      const reply = await app.request({ url, headers: { authorization: basic(keys.acme) } })
      assert.deepEqual([reply.statusCode, reply.json().error.code], [404, 'NOT_FOUND'])
      assertHeaders(reply.headers)
      assert.equal((await app.request({ url })).statusCode, 401)
    }
  })

  test('what a client accepts is not asked', async () => {
    const app = await start()
    for (const accept of ['text/html', 'image/png', '*/*', '', 'application/xml;q=0.1', 'nonsense']) {
      assert.deepEqual(await ok(app, 'GET', '/users', { headers: { accept } }), acmeRecord())
    }
  })
})

describe('headers', () => {
  test('every request has an id of its own, which stands in the log; what it cost is said', async () => {
    const app = await start()
    const first = await call(app, 'GET', '/users')
    const second = await call(app, 'GET', '/nowhere')
    const [one, two] = [first, second].map(({ headers }) => headers['x-ep-request-uuid'])
    assert.notEqual(one, two)
    for (const id of [one, two]) assert.ok(app.log.some(line => line.reqId === id))
    assert.ok(Number(first.headers['x-runtime']) > 0)
    assert.ok(Number(first.headers['x-runtime']) < 5)
  })

  test('an answer to what is no HTTP has them too', async () => {
    const app = await start()
    const origin = await app.app.listen()
    const text = await exchangeBytes(origin, 'GET /v2/users HTTP/1.1\r\nhost: x\r\nno colon\r\n\r\n', () => false)
    const [head = '', body = ''] = text.split('\r\n\r\n')
    assert.match(head, /^HTTP\/1\.1 400 Bad Request\r\n/)
    assert.equal(JSON.parse(body).error.code, 'BAD_REQUEST')
    const lines = head.split('\r\n').slice(1)
    assertHeaders(Object.fromEntries(lines.map(line => line.split(': '))))
  })

  test('over TLS, which a proxy may end, transport security is asked for', async () => {
    const app = await startApp(SEED, { trustProxy: true })
    for (const path of ['/users', '/nowhere']) {
      const headers = { authorization: basic(keys.acme), 'x-forwarded-proto': 'https' }
      const reply = await app.request({ url: V2 + path, headers })
      assert.equal(reply.headers['strict-transport-security'], 'max-age=31536000; includeSubDomains; preload')
    }
  })

  test('headers of more than 16 KiB are refused', async () => {
    const app = await start()
    for (const method of ['GET', 'POST'] as const) {
      assertRefused(await call(app, method, '/users', { headers: { 'x-large': 'x'.repeat(17_000) } }), 'BAD_REQUEST')
    }
  })

  test('a fault of ours is a 500 that tells nothing, and stands in the log', async () => {
    const app = await start()
    await app.app.context.db.schema.dropTable('easypost_brands').execute()
    const reply = await call(app, 'PATCH', `/users/${ids.desk}/brand`)
    assert.equal(reply.status, 500)
    assert.deepEqual(reply.body, {
      error: {
        code: 'INTERNAL_SERVER_ERROR',
        message: "We're sorry, something went wrong. If the problem persists please contact Support.",
        errors: [],
      },
    })
    assert.ok(app.log.some(line => line.level === 'error' && line.reqId === reply.headers['x-ep-request-uuid']))
  })
})

describe('limits', () => {
  const lists = [
    '/users/children',
    `/users/${ids.acme}/children`,
    '/api_keys',
    '/webhooks',
    '/events',
    '/events/evt_x/payloads',
  ]
  const limited = (rateLimit?: object) =>
    startApp(seedOf({ ...acme, rateLimit: rateLimit as object }, { ...globex, rateLimit: undefined }))

  test('5 a second on lists and 50 on the rest, by default: two buckets for a user, both modes together', async () => {
    const app = await limited()
    for (const path of lists.slice(0, 5)) assert.notEqual((await call(app, 'GET', path)).status, 429)
    for (const path of lists) assertRefused(await call(app, 'GET', path), 'RATE_LIMITED')
    assertRefused(await call(app, 'GET', '/webhooks', { key: keys.acmeTest }), 'RATE_LIMITED')
    for (let used = 0; used < 50; used++) {
      const key = used % 2 === 0 ? keys.acme : keys.acmeTest
      assert.equal((await call(app, 'GET', '/users', { key })).status, 200)
    }
    for (const [method, path] of [
      ['GET', '/users'],
      ['GET', '/nowhere'],
      ['PUT', '/users/children'],
    ] as const) {
      assertRefused(await call(app, method, path), 'RATE_LIMITED')
    }
    // A child and another parent have their own; each key of a user has not.
    for (const key of [keys.desk, keys.globex]) {
      for (let used = 0; used < 5; used++) await ok(app, 'GET', '/users/children', { key })
      assertRefused(await call(app, 'GET', '/users/children', { key }), 'RATE_LIMITED')
      await ok(app, 'GET', '/users', { key })
    }
  })

  test('tokens come back evenly', async () => {
    const app = await limited()
    for (let used = 0; used < 5; used++) await ok(app, 'GET', '/webhooks')
    app.clock.advance(SECOND / 5 - 1)
    assertRefused(await call(app, 'GET', '/webhooks'), 'RATE_LIMITED')
    app.clock.advance(1)
    await ok(app, 'GET', '/webhooks')
    assertRefused(await call(app, 'GET', '/webhooks'), 'RATE_LIMITED')
    app.clock.advance(SECOND)
    for (let used = 0; used < 5; used++) await ok(app, 'GET', '/webhooks')
    assertRefused(await call(app, 'GET', '/webhooks'), 'RATE_LIMITED')
  })

  test('a refused request has no effect; the figures are the operator’s', async () => {
    const app = await limited({ perSecond: 1, listPerSecond: 2 })
    await ok(app, 'GET', '/users')
    await app.newEvents()
    assertRefused(await call(app, 'POST', '/users', { body: { name: 'New' } }), 'RATE_LIMITED')
    assertRefused(await call(app, 'DELETE', `/users/${ids.desk}`), 'RATE_LIMITED')
    await app.assertEvents()
    for (const _ of [1, 2]) await ok(app, 'GET', '/events')
    assertRefused(await call(app, 'GET', '/events'), 'RATE_LIMITED')
  })

  test('credentials come first: a dead key is told so, and takes nothing from its user', async () => {
    const app = await limited({ perSecond: 1 })
    for (const key of [null, 'nobody']) {
      for (let sent = 0; sent < 5; sent++) assert.notEqual((await call(app, 'GET', '/users', { key })).status, 429)
    }
    await ok(app, 'GET', '/users')
  })
})

/** How often the server writes to its sockets while `work` runs. */
async function writesDuring(work: () => Promise<void>): Promise<number> {
  let writes = 0
  const watch = (message: unknown) => {
    const { socket } = message as { socket: Socket & { _handle: Record<string, unknown> } }
    for (const [name, write] of Object.entries(writersOf(socket._handle))) {
      socket._handle[name] = (...given: unknown[]) => {
        writes++
        return Reflect.apply(write, socket._handle, given)
      }
    }
  }
  subscribe('net.server.socket', watch)
  try {
    await work()
  } finally {
    unsubscribe('net.server.socket', watch)
  }
  return writes
}

type Writer = (...given: unknown[]) => unknown

function writersOf(handle: Record<string, unknown>): Record<string, Writer> {
  const names = ['writev', 'writeBuffer', 'writeUtf8String', 'writeLatin1String', 'writeAsciiString', 'writeUcs2String']
  return Object.fromEntries(
    names
      .map(name => [name, handle[name]] as const)
      .filter((entry): entry is [string, Writer] => typeof entry[1] === 'function'),
  )
}

/** More than one write of a socket takes; on PostgreSQL, which makes them slowly and sends nothing itself, fewer do. */
const MANY = process.env[SERVER_URL] === undefined ? 1200 : 300

describe('one write', () => {
  const children = Array.from({ length: MANY }, (_, n) => ({ name: `Child ${n} é` }))
  const requests: [string, string][] = [
    ['GET', '/users'],
    ['GET', '/api_keys'],
    ['GET', '/users/children?page_size=100'],
    ['POST', '/users'],
    ['PATCH', '/users'],
    ['GET', '/nowhere'],
    ['PUT', '/users/children'],
    ['GET', '/events'],
  ]
  test('status line, headers and body leave together, with a length; those that hold every child are whole', async t => {
    const connections = ['keep-alive', 'close']
    const gone = connections.map(connection => ({ id: `user_${connection}`, name: 'Gone' }))
    const app = await startApp(seedOf({ ...acme, children: [...gone, ...children] }))
    const origin = await app.app.listen()
    for (const connection of connections) {
      await t.test(connection, async () => {
        for (const [method, path] of [...requests, ['DELETE', `/users/user_${connection}`]]) {
          let text = ''
          const writes = await writesDuring(async () => {
            const head = `${method} ${V2}${path} HTTP/1.1\r\nhost: x\r\nauthorization: ${basic(keys.acme)}\r\nconnection: ${connection}\r\n\r\n`
            text = await exchangeBytes(origin, head, isWhole)
          })
          assert.equal(writes, 1, `${method} ${path}`)
          assert.doesNotMatch(text.slice(0, text.indexOf('\r\n\r\n')), /transfer-encoding/i)
          if (method === 'DELETE') assert.match(text, /^HTTP\/1\.1 204/)
        }
      })
    }
    const client = openClient(origin)
    for (const path of ['/users', '/api_keys']) {
      const reply = await client({ path: V2 + path, headers: { authorization: basic(keys.acme) } })
      const body: Json = JSON.parse(reply.text)
      assert.equal(Number(reply.headers['content-length']), Buffer.byteLength(reply.text))
      assert.equal(body.children.length, children.length)
    }
  })

  /** Read as Latin-1, so that a character is a byte. */
  function isWhole(text: string): boolean {
    const end = text.indexOf('\r\n\r\n')
    if (end === -1) return false
    if (text.startsWith('HTTP/1.1 204')) {
      assert.doesNotMatch(text, /^content-(type|length):/im)
      return text.length === end + 4
    }
    const length = /^content-length: (\d+)\r$/im.exec(text.slice(0, end + 1))?.[1]
    assert.ok(length, 'no content-length')
    return text.length >= end + 4 + Number(length)
  }
})

/** Children of Acme up to so many, as rows without keys: to make each as a client does takes longer than the scenario. */
async function fillUpTo(total: number, { db }: Context): Promise<void> {
  const { tenant, parent_id, created_at, updated_at } = await db
    .selectFrom('easypost_users')
    .selectAll()
    .where('id', '=', ids.shop)
    .executeTakeFirstOrThrow()
  const rows = Array.from({ length: total - acme.children.length }, (_, n) => ({
    tenant,
    id: `user_${n}`,
    parent_id,
    position: 1000 + n,
    name: `Child ${n}`,
    created_at,
    updated_at,
  }))
  await db.insertInto('easypost_users').values(rows).execute()
}

test('large answers: so many at a time for a parent, then 429 until one has left', async () => {
  const app = await start()
  await fillUpTo(2001, app.app.context)
  const replies = await Promise.all(
    Array.from({ length: 6 }, (_, n) =>
      call(app, n % 2 === 0 ? 'GET' : 'PUT', '/users', { body: { name: `Acme ${n}` } }),
    ),
  )
  const statuses = replies.map(({ status }) => status)
  assert.deepEqual(statuses.toSorted(), [200, 200, 200, 200, 429, 429])
  const updates = (await app.newEvents()).length
  assert.equal(updates, statuses.filter((status, n) => n % 2 === 1 && status === 200).length)
  for (const path of ['/users', '/api_keys']) assert.equal((await ok(app, 'GET', path)).children.length, 2001)
})

test('large answers: a client that has hung up before its answer is begun takes no place', async t => {
  const { app } = await start()
  await fillUpTo(2001, app.context)
  const large = new LargeAnswers()
  const server = fastify()
  t.after(() => server.close())
  let asked = Promise.withResolvers<{ outcome: Promise<void> }>()
  server.get('/', async (_request, reply) => {
    const outcome = once(reply.raw, 'close').then(() => large.admit(app.context, ids.acme, reply))
    asked.resolve({ outcome })
    await outcome
    return {}
  })
  await server.listen({ port: 0, host: '127.0.0.1' })
  const { port } = server.server.address() as AddressInfo
  for (let n = 0; n < 5; n++) {
    asked = Promise.withResolvers()
    const client = connect(port, '127.0.0.1', () => client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n'))
    const { outcome } = await asked.promise
    client.destroy()
    await assert.doesNotReject(outcome)
  }
})
