// Memberstack contract section 10, CORS: what a browser of another origin needs on every answer of the client API, and
// what it must not find on the Admin API.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  ACME,
  acmeSeed,
  callRoute,
  codeRoutes,
  crowd,
  from,
  memberRoutes,
  openRoutes,
  outOfScope,
  tokenFor,
} from './memberstack.client.support.ts'
import { assertNoCors, type Call, call, callClient, keys, type Reply } from './memberstack.support.ts'
import { startApp, type TestApp } from './support.ts'

const SITE = 'https://www.acme.example'
const EXPOSED = ['ms-mid', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset', 'retry-after']
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const HEADERS = [
  'authorization',
  'content-type',
  'x-api-key',
  'x-app-id',
  'x-user-agent',
  'x-session-id',
  'x-api-version',
  'referring-path',
]

const listed = (value: unknown) =>
  String(value)
    .split(',')
    .map(item => item.trim())
    .toSorted()

function assertCors({ headers }: Pick<Reply, 'headers'>, origin: string = SITE): void {
  assert.equal(headers['access-control-allow-origin'], origin)
  assert.equal(headers['access-control-allow-credentials'], 'true')
  assert.ok(listed(headers.vary).includes('Origin'), `Vary: ${headers.vary}`)
}

function assertReadable(reply: Reply, origin: string = SITE): void {
  assertCors(reply, origin)
  assert.deepEqual(listed(reply.headers['access-control-expose-headers']), EXPOSED)
}

/** Asks before a request, as browsers do: without a key. */
function preflight(app: TestApp, path: string, method: string, origin: string = SITE) {
  const headers = {
    origin,
    'access-control-request-method': method,
    'access-control-request-headers': HEADERS.join(','),
  }
  return app.request({ method: 'OPTIONS', url: path, headers })
}

const everyRoute = [...openRoutes, ...memberRoutes, ...codeRoutes, ...outOfScope]

test('a browser may ask before every call, without a key', async () => {
  const app = await startApp(ACME)
  for (const { method, path } of [...everyRoute, { method: 'GET', path: '//app' }]) {
    const reply = await preflight(app, path, method)
    assert.deepEqual([reply.statusCode, reply.body], [204, ''], `${method} ${path}`)
    assertCors(reply)
    assert.deepEqual(listed(reply.headers['access-control-allow-methods']), METHODS.toSorted())
    assert.deepEqual(listed(reply.headers['access-control-allow-headers']).map(lower), HEADERS.toSorted())
  }
  await app.assertEvents()
})

const lower = (text: string) => text.toLowerCase()

test('every answer of the client API can be read by the page that asked, whatever it says', async () => {
  const app = await startApp(ACME)
  const token = await tokenFor(app, 'nina@acme.example')
  const options: Call[] = [{}, { token }, { key: null }, { key: 'pk_sb_nobody' }, { key: keys.acme }, { token: 'bad' }]
  const statuses = new Set<number>()
  const asking = crowd(app)
  for (const route of everyRoute.filter(({ path }) => path !== '/member/logout')) {
    for (const option of options) {
      const reply = await callRoute(asking, route, { ...option, origin: SITE })
      assertReadable(reply)
      statuses.add(reply.status)
    }
  }
  assert.deepEqual([...statuses].toSorted(), [200, 400, 401, 404])
})

describe('an error before there is a route has the headers too', () => {
  const cases: [string, number, (app: TestApp) => Promise<Reply>][] = [
    ['an unknown path', 404, app => callClient(app, 'GET', '/auth/none', { origin: SITE })],
    [
      'a path out of scope below a slash too many',
      404,
      app => callClient(app, 'GET', '//v2/data-tables/notes', { origin: SITE }),
    ],
    ['another method', 404, app => callClient(app, 'PUT', '/member', { origin: SITE, body: {} })],
    ['broken JSON', 400, app => callClient(app, 'POST', '/auth/login', { origin: SITE, body: '{"email":' })],
    [
      'a body that is too large',
      413,
      app => callClient(app, 'POST', '/event', { origin: SITE, body: { text: 'x'.repeat(1024 * 1024) } }),
    ],
  ]
  for (const [name, status, ask] of cases) {
    test(name, async () => {
      const reply = await ask(await startApp(ACME))
      assert.equal(reply.status, status)
      assertReadable(reply)
    })
  }

  test('too many requests', async () => {
    const app = from(await startApp(ACME), '10.0.0.1')
    for (let sent = 0; sent < 100; sent++) await callClient(app, 'GET', '/app')
    const reply = await callClient(app, 'GET', '/app', { origin: SITE })
    assert.equal(reply.status, 429)
    assertReadable(reply)
    assert.equal((await preflight(app, '/app', 'GET')).statusCode, 204, 'asking before is not counted')
  })
})

test('each origin is answered by its own name, never by a star', async () => {
  const app = await startApp(ACME)
  for (const origin of [SITE, 'http://localhost:3000', 'http://[::1]:8080', 'https://acme.webflow.io']) {
    assertReadable(await callClient(app, 'GET', '/app', { origin }), origin)
    assertCors(await preflight(app, '/app', 'GET', origin), origin)
  }
  const without = await callClient(app, 'GET', '/app')
  assert.equal(without.headers['access-control-allow-origin'], undefined)
  assert.ok(listed(without.headers.vary).includes('Origin'), 'a cache must not give this answer to a browser')
})

test('where origins are listed no other may read an answer', async () => {
  const app = await startApp(acmeSeed({ allowedOrigins: [SITE, 'http://localhost:3000'] }))
  for (const origin of [SITE, 'http://localhost:3000']) {
    assertReadable(await callClient(app, 'GET', '/app', { origin }), origin)
    assertCors(await preflight(app, '/app', 'GET', origin), origin)
  }
  const others = [
    'https://evil.example',
    'http://www.acme.example',
    'https://www.acme.example:8443',
    'https://www.acme.example.evil.example',
    'https://acme.example',
    'null',
  ]
  for (const origin of others) {
    for (const options of [{}, { token: 'bad' }]) {
      const reply = await callClient(app, 'GET', '/member/json', { origin, ...options })
      assert.equal(reply.headers['access-control-allow-origin'], undefined, origin)
      assert.equal(Number(reply.headers['ratelimit-limit']), 100, 'it is counted like any other')
    }
  }
})

test('the key set is for every origin', async () => {
  const app = await startApp(ACME)
  for (const path of ['/jwks', '/.well-known/jwks.json']) {
    const reply = await call(app, 'GET', path, { key: null, origin: SITE })
    assert.deepEqual([reply.status, reply.headers['access-control-allow-origin']], [200, '*'])
    assert.equal(reply.headers['access-control-allow-credentials'], undefined, 'which browsers refuse with a star')
  }
})

test('the Admin API has no such headers, and no preflight', async () => {
  const app = await startApp(ACME)
  for (const [method, path] of [
    ['GET', '/members'],
    ['POST', '/members'],
    ['GET', '/members/nobody%40acme.example'],
    ['POST', '/members/verify-token'],
    ['PUT', '/members'],
    ['GET', '/members/a/b/c'],
  ] as const) {
    for (const key of [keys.acme, keys.acmePublic, null])
      assertNoCors(await call(app, method, path, { key, origin: SITE }))
  }
  const asked = await preflight(app, '/members', 'GET')
  assert.equal(asked.statusCode, 404)
  assertNoCors(asked)
})
