// What the server tells of itself: health, metrics, and one log line a request.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import * as endpoints from '../src/platform/events/endpoints.ts'
import { startSmtp } from '../torture/receivers/smtp-server.ts'
import { accounts, invite, northwind, seedOf } from './aftership.support.ts'
import { keys, login, SEED } from './memberstack.support.ts'
import { ACME, assertProblem, OPERATOR_TOKEN, operatorOf } from './operator.ts'
import { startReceiver } from './receiver.ts'
import { HOUR, MINUTE, startApp, type TestApp } from './support.ts'

const BASE = '/admin/2022-01'

function wire(app: TestApp, path: string, key = 'as_plain_key'): Promise<LightMyRequestResponse> {
  return app.request({ url: `${BASE}${path}`, headers: { 'as-api-key': key } })
}

/** The value of a metric with these labels. */
async function metric(app: TestApp, name: string, labels: Record<string, string | number>): Promise<number> {
  const { body } = await app.request({ url: '/metrics' })
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  const line = body.split('\n').find(text => text.startsWith(`${name}{`) && wanted.every(label => text.includes(label)))
  return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ') + 1))
}

test('health and readiness', async () => {
  const app = await startApp(ACME)
  for (const [url, body] of [
    ['/health', { status: 'ok' }],
    ['/ready', { status: 'ready' }],
  ] as const) {
    const reply = await app.request({ url })
    assert.deepEqual([reply.statusCode, reply.json()], [200, body])
  }

  await app.app.context.db.destroy()
  const ready = await app.request({ url: '/ready' })
  assert.equal(ready.statusCode, 503)
  assert.deepEqual(ready.json(), { status: 'unready', reason: 'the store does not answer' })
  assert.equal((await app.request({ url: '/health' })).statusCode, 200, 'the process is up all the same')
  assert.ok(app.log.some(({ level, msg }) => level === 'error' && msg === 'the store does not answer'))
})

test('a store whose migrations are missing is not ready', async () => {
  const app = await startApp('')
  await app.app.context.db.schema.dropTable('kysely_migration').execute()
  assert.equal((await app.request({ url: '/ready' })).statusCode, 503)
})

test('metrics count requests by vendor, method, route and status, with their times', async () => {
  const app = await startApp(ACME)
  const operator = operatorOf(app)
  for (let count = 0; count < 3; count++) await wire(app, '/memberships/m_jane')
  await wire(app, '/memberships/m_owner')
  await wire(app, '/memberships/none')
  await wire(app, '/memberships', 'as_wrong_key')
  await wire(app, '/nothing')
  await operator.get('/keys')
  await operator.get('/nothing')
  await app.request({ url: '/nothing' })
  await app.request({ url: '/docs/nothing' })

  const total = 'understudy_requests_total'
  const cases: [labels: Record<string, string | number>, count: number][] = [
    [{ vendor: 'aftership', method: 'GET', route: `${BASE}/memberships/:id`, status: 200 }, 4],
    [{ vendor: 'aftership', method: 'GET', route: `${BASE}/memberships/:id`, status: 404 }, 1],
    [{ vendor: 'aftership', method: 'GET', route: `${BASE}/memberships`, status: 401 }, 1],
    [{ vendor: 'aftership', method: 'GET', route: 'unmatched', status: 404 }, 1],
    [{ vendor: 'control', method: 'GET', route: '/understudy/v1/keys', status: 200 }, 1],
    [{ vendor: 'control', method: 'GET', route: 'unmatched', status: 404 }, 1],
    [{ vendor: 'memberstack', method: 'GET', route: 'unmatched', status: 404 }, 1],
    [{ vendor: 'server', method: 'GET', route: 'unmatched', status: 404 }, 1],
  ]
  for (const [labels, count] of cases) assert.equal(await metric(app, total, labels), count, JSON.stringify(labels))
  const route = { vendor: 'aftership', route: `${BASE}/memberships/:id` }
  assert.equal(await metric(app, 'understudy_request_duration_seconds_count', route), 5)
  assert.equal(await metric(app, 'understudy_request_duration_seconds_bucket', { ...route, le: '+Inf' }), 5)

  const { headers, body } = await app.request({ url: '/metrics' })
  assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/)
  assert.match(body, /^process_cpu_user_seconds_total /m)
  for (const text of ['m_jane', 'as_wrong_key', 'jane@acme.test']) assert.equal(body.includes(text), false, text)
})

test('metrics count refusals by a rate limit, and traps', async () => {
  const app = await startApp(ACME)
  for (let count = 0; count < 13; count++) await wire(app, '/roles')
  assert.equal(await metric(app, 'understudy_rate_limited_total', { vendor: 'aftership' }), 3)
  await app.request({ url: `${BASE}/roles`, headers: { 'aftership-api-key': 'as_plain_key' } })
  assert.equal(await metric(app, 'understudy_traps_total', { vendor: 'aftership', trap: 'legacy-api-key-header' }), 1)
})

test('Memberstack’s routes are at the root, and counted and logged as its own, by their patterns', async () => {
  const app = await startApp(SEED)
  const secret = { 'x-api-key': keys.acme }
  const page = { 'x-api-key': keys.acmePublic }
  const { tokens } = await login(app, 'ada@acme.example')
  app.log.splice(0)
  const asked: [method: 'GET' | 'POST' | 'OPTIONS', url: string, headers: object, route: string, status: number][] = [
    ['GET', '/members?first=1', secret, '/members', 200],
    ['GET', '/members/ada%40acme.example', secret, '/members/:id', 200],
    ['POST', '/members/mem_sb_none', secret, '/members/:id', 400],
    ['POST', '/members/verify-token', {}, '/members/verify-token', 400],
    ['GET', '/app/plans/pln_free', page, '/app/plans/:id', 200],
    ['GET', '//app', page, '/app', 200],
    ['GET', '/member', { ...page, authorization: `Bearer ${tokens.accessToken}` }, '/member', 200],
    ['GET', '/member/json', page, '/member/json', 401],
    ['OPTIONS', '/auth/login', { origin: 'https://page.test' }, '/auth/*', 204],
    ['GET', '/jwks', {}, '/jwks', 200],
  ]
  for (const [method, url, headers, route, status] of asked) {
    const reply = await app.request({ method, url, headers: { ...headers } })
    assert.equal(reply.statusCode, status, url)
    const line = app.log.at(-1)
    assert.deepEqual([line?.vendor, line?.method, line?.route, line?.status], ['memberstack', method, route, status])
  }
  assert.equal(app.log.length, asked.length, 'one line a request')
  assert.doesNotMatch(JSON.stringify(app.log), /acme\.example|pln_free|mem_sb_|eyJ/)
  const reasons = app.log.flatMap(({ code, reason }) => (code === undefined ? [] : [[code, reason]]))
  assert.deepEqual(reasons, [
    ['memberUnknown', 'no such member'],
    ['secretKeyMalformed', 'the key is missing or malformed, or of the other kind'],
    ['loginRequired', 'no member token'],
  ])
  for (const [method, , , route, status] of asked) {
    assert.equal(await metric(app, 'understudy_requests_total', { vendor: 'memberstack', method, route, status }), 1)
  }
})

test('Memberstack’s rate limit is counted', async () => {
  const app = await startApp(SEED)
  for (let count = 0; count < 27; count++) await app.request({ url: '/members' })
  assert.equal(await metric(app, 'understudy_rate_limited_total', { vendor: 'memberstack' }), 2)
})

/** Requests of every kind: what is asked, and what its log line says beside method and status. */
const requests: {
  url: string
  headers?: Record<string, string>
  method?: 'GET' | 'POST'
  line: Record<string, unknown>
}[] = [
  {
    url: `${BASE}/memberships?email=jane@acme.test`,
    headers: { 'as-api-key': 'as_plain_key' },
    line: { vendor: 'aftership', route: `${BASE}/memberships`, status: 200 },
  },
  {
    url: `${BASE}/memberships/m_none`,
    headers: { 'as-api-key': 'as_plain_key' },
    line: {
      vendor: 'aftership',
      route: `${BASE}/memberships/:id`,
      status: 404,
      code: 'notFound',
      reason: 'no such membership',
    },
  },
  {
    url: `${BASE}/roles`,
    line: {
      vendor: 'aftership',
      route: `${BASE}/roles`,
      status: 401,
      code: 'unauthenticated',
      reason: 'no credential',
    },
  },
  {
    url: `${BASE}/roles`,
    headers: { 'as-api-key': 'as_wrong_key' },
    line: { status: 401, code: 'unauthenticated', reason: 'unknown key' },
  },
  {
    method: 'POST',
    url: `${BASE}/memberships`,
    headers: { 'as-api-key': 'as_plain_key' },
    line: { status: 400, code: 'malformed', reason: 'the body is not valid JSON' },
  },
  {
    url: '/understudy/v1/keys',
    headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
    line: { vendor: 'control', route: '/understudy/v1/keys', status: 200 },
  },
  {
    method: 'POST',
    url: '/understudy/v1/tokens',
    headers: { authorization: 'Bearer ust_reader_token' },
    line: { vendor: 'control', status: 403, code: 'forbidden' },
  },
  {
    url: '/invitations/aftership/no-such-token',
    line: { status: 404, code: 'notFound', reason: 'no such invitation' },
  },
  { url: '/health', line: { vendor: 'server', route: '/health', status: 200 } },
  { url: '/nothing', line: { vendor: 'memberstack', route: 'unmatched', status: 404, code: 'notFound' } },
  { url: '/docs/nothing', line: { vendor: 'server', route: 'unmatched', status: 404, code: 'notFound' } },
]

test('one log line a request, by the id that the reply carries, with the reason of a refusal', async () => {
  const app = await startApp(ACME)
  for (const { line, ...request } of requests) {
    const before = app.log.length
    const reply = await app.request(request)
    const lines = app.log.slice(before)
    assert.equal(lines.length, 1, request.url)
    const [found] = lines
    assert.ok(found)
    assert.deepEqual([found.level, found.msg, found.method], ['info', 'request', request.method ?? 'GET'])
    const told = reply.headers['as-trace-id'] ?? reply.headers['x-request-id']
    if (request.url.startsWith(BASE) || request.url.startsWith('/understudy')) assert.equal(found.reqId, told)
    assert.match(String(found.reqId), /^[0-9a-f]{32}$/)
    assert.equal(typeof found.ms, 'number')
    assert.match(String(found.time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    const names = Object.keys(line)
    assert.deepEqual(Object.fromEntries(names.map(name => [name, found[name]])), line, request.url)
    if (Number(line.status) < 400) assert.equal('reason' in found, false)
    assert.equal(JSON.stringify(found).includes('jane@acme.test'), false, 'nobody is named')
  }
  const ids = app.log.map(({ reqId }) => reqId).filter(Boolean)
  assert.equal(new Set(ids).size, ids.length)
})

test('a fault of ours is logged with its stack, and answered without', async () => {
  const app = await startApp(ACME)
  await app.app.context.db.schema.dropTable('mails').execute()
  const reply = await operatorOf(app).get('/mails')
  assertProblem(reply, 500, 'internal')
  assert.equal(JSON.stringify(reply.body).includes('table'), false)
  const [fault] = app.log.filter(({ level }) => level === 'error')
  assert.equal(fault?.reqId, reply.body.requestId)
  assert.match(JSON.stringify(fault?.err), /(no such table|does not exist).*stack/)
})

test('a secret that is logged by mistake comes out redacted', async () => {
  const { app, log } = await startApp('')
  const fields = ['key', 'secret', 'token', 'password', 'authorization', 'cookie', 'apiKey', 'accessToken']
  const secrets = Object.fromEntries(fields.map(name => [name, 'swordfish']))
  app.context.log.warn({ ...secrets, request: secrets, name: 'shown' }, 'by mistake')
  const line = log.at(-1)
  const redacted = Object.fromEntries(fields.map(name => [name, '[redacted]']))
  assert.deepEqual({ ...line, ...redacted, request: redacted, name: 'shown', msg: 'by mistake' }, line)
})

test('metrics count attempts to send webhooks and mails, by what came of them', async () => {
  const receiver = await startReceiver()
  const webhooks = [{ url: receiver.url, secret: 'a webhook secret' }]
  const seed = JSON.parse(seedOf({ ...northwind, webhooks }))
  const smtp = { url: 'smtp://127.0.0.1:1', from: 'noreply@acme.test' }
  const app = await startApp(JSON.stringify(seed), { smtp, webhooks: { allowPrivateAddresses: true } })
  const attempts = (kind: string, outcome: string) =>
    metric(app, 'understudy_send_attempts_total', { kind, vendor: 'aftership', outcome })
  const all = async () => [
    await attempts('webhook', 'taken'),
    await attempts('webhook', 'failed'),
    await attempts('webhook', 'given_up'),
    await attempts('mail', 'failed'),
    await attempts('mail', 'given_up'),
  ]
  receiver.answer(500)
  await invite(app, accounts.liu.email)
  await app.app.runJobs()
  assert.deepEqual(await all(), [0, 1, 0, 1, 0])
  receiver.answer(200)
  app.clock.advance(MINUTE)
  await app.app.runJobs()
  assert.deepEqual(await all(), [1, 1, 0, 2, 0])
  receiver.answer(500)
  await invite(app, accounts.mia.email)
  for (let pause = 1; pause <= 2 ** 17; pause *= 2) {
    app.clock.advance(pause * MINUTE)
    await app.app.runJobs()
  }
  const [, , givenUp, , mailsGivenUp] = await all()
  assert.ok(Number(givenUp) > 0 && mailsGivenUp === 2, String(await all()))
  const lines = app.log.filter(line => line.givenUp === true)
  assert.equal(lines.length, Number(givenUp) + 2, 'the log says so, once each')
})

test('what fails beside requests is a warning on /ready until it is well again', async t => {
  const receiver = await startReceiver()
  const webhooks = [{ url: receiver.url, secret: 'a webhook secret' }]
  const seed = JSON.parse(seedOf({ ...northwind, webhooks }))
  const smtp = await startSmtp()
  t.after(() => smtp.close())
  const app = await startApp(JSON.stringify(seed), { smtp: smtp.settings, webhooks: { allowPrivateAddresses: true } })
  const ready = async () => {
    const reply = await app.request({ url: '/ready' })
    return [reply.statusCode, reply.json()]
  }
  receiver.answer(500)
  await smtp.down()
  await invite(app, accounts.liu.email)
  await app.app.runJobs()
  const warnings = [
    'mail: the last attempt to send one failed; the log says why',
    'webhooks: 1 endpoint did not take the last delivery; the log says which and why',
  ]
  const [status, said] = await ready()
  assert.deepEqual([status, said.status, said.warnings.toSorted()], [200, 'ready', warnings])
  receiver.answer(200)
  await smtp.up()
  app.clock.advance(HOUR)
  await app.app.runJobs()
  assert.deepEqual(await ready(), [200, { status: 'ready' }])

  receiver.answer(500)
  await invite(app, accounts.mia.email)
  await app.app.runJobs()
  assert.equal((await ready())[1].warnings.length, 1)
  const { context } = app.app
  const { id, vendor, tenant } = await context.db.selectFrom('webhook_endpoints').selectAll().executeTakeFirstOrThrow()
  for (const settle of [endpoints.disable, endpoints.remove]) {
    context.warnings.raise('webhooks', id)
    await settle(context, { vendor, tenant, actor: 'token:test' }, id)
    assert.deepEqual(await ready(), [200, { status: 'ready' }], 'an endpoint that nothing is sent to')
  }
})
