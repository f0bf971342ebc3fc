// AfterShip's webhooks, contract section 9: what receivers get, when it is tried again, and the operator's view of it.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import test from 'node:test'
import {
  accounts,
  call,
  idIn,
  invite,
  keys,
  M,
  memberOf,
  members,
  northwind,
  seedOf,
  southwind,
} from './aftership.support.ts'
import { assertProblem, type Body, type Operator, operatorOf, walk } from './operator.ts'
import { type Receiver, startReceiver, theOnly } from './receiver.ts'
import { SECOND, startApp, type TestApp } from './support.ts'

const SECRET = 'a webhook secret'
const ORG = `/aftership/organizations/${northwind.id}`
const allowed = { webhooks: { allowPrivateAddresses: true } }
const automatic = { ...northwind, invitations: 'automatic' }

interface Scene {
  app: TestApp
  operator: Operator
  receiver: Receiver
  /** The endpoint's id. */
  endpoint: string
}

/** Northwind with one endpoint. */
async function start(input: object = {}, organization: object = automatic): Promise<Scene> {
  const app = await startApp(seedOf(organization, southwind), allowed)
  const receiver = await startReceiver()
  const operator = operatorOf(app)
  const made = await operator.post(`${ORG}/webhooks`, { url: receiver.url, secret: SECRET, ...input })
  assert.equal(made.status, 201)
  await app.newEvents()
  return { app, operator, receiver, endpoint: String(made.body.id) }
}

function payloads({ requests }: Receiver): Body[] {
  return requests.map(({ body }) => JSON.parse(body))
}

test('each change of a membership arrives, shaped and signed as the contract says', async () => {
  const { app, receiver } = await start({}, northwind)
  const made = await invite(app, accounts.liu.email)
  const liu = memberOf(idIn(made), accounts.liu, { code: 'member', name: 'Member' })
  const [mail] = await app.mailsTo(accounts.liu.email)
  const link = /\/invitations\/aftership\/\S+/.exec(mail?.text ?? '')?.[0]
  assert.equal((await app.request({ method: 'POST', url: String(link) })).statusCode, 200)
  const asAdmin = { ...liu, role: { code: 'admin', name: 'Admin' } }
  await call(app, { method: 'PATCH', path: `${M}/${liu.id}`, body: { role: { code: 'admin' } } })
  await call(app, { method: 'PATCH', path: `${M}/${liu.id}`, body: { role: { code: 'admin' } } })
  await call(app, { method: 'DELETE', path: `${M}/${liu.id}` })
  const written = await app.newEvents()
  await app.app.runJobs()

  const expected = [
    ['membership.created', { membership: liu }],
    ['membership.activated', { membership: liu }],
    ['membership.updated', { membership: asAdmin }],
    ['membership.deleted', { reason: 'removed', membership: asAdmin }],
  ] as const
  const byName = new Map(payloads(receiver).map(payload => [payload.event, payload]))
  assert.equal(receiver.requests.length, expected.length)
  for (const [event, data] of expected) {
    const id = written.find(({ type }) => type === event)?.id
    assert.deepEqual(byName.get(event), { id, event, created_at: '2026-03-04T09:30:00.000Z', data })
    assert.deepEqual(Object.keys(byName.get(event) ?? {}), ['id', 'event', 'created_at', 'data'])
  }
  for (const { method, headers, body } of receiver.requests) {
    assert.equal(method, 'POST')
    assert.equal(headers['content-type'], 'application/json')
    const signature = createHmac('sha256', SECRET).update(body).digest('base64')
    assert.equal(headers['aftership-hmac-sha256'], signature)
  }
  await app.assertEvents()
})

test('a pending membership that expires says so', async () => {
  const { app, receiver } = await start({ events: ['membership.deleted'] }, northwind)
  await invite(app, accounts.liu.email)
  app.clock.advance(48 * 3600 * SECOND + 1)
  await app.app.runJobs()
  await app.app.runJobs()
  const { event, data } = JSON.parse(theOnly(receiver).body)
  assert.deepEqual(
    [event, data.reason, data.membership.account.email],
    ['membership.deleted', 'expired', accounts.liu.email],
  )
})

test('an endpoint gets its own organization’s events, those it asked for, and no other change', async () => {
  const { app, operator, receiver } = await start({ events: ['tracking.update', 'membership.deleted'] })
  await call(app, { method: 'DELETE', path: `${M}/mem_ben_south`, key: keys.south })
  const made = await invite(app, accounts.liu.email)
  await operator.post(`${ORG}/roles`, { code: 'dock_lead', name: 'Dock lead' })
  await call(app, { method: 'DELETE', path: `${M}/${idIn(made)}` })
  await operator.post(`${ORG}/memberships/${idIn(made)}/restore`)
  await app.app.runJobs()
  assert.deepEqual(
    payloads(receiver).map(({ event }) => event),
    ['membership.deleted'],
  )
})

test('14 attempts at exactly the contract’s times, byte for byte the same; then given up and kept for replay', async () => {
  const pauses = [30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 30720, 61440, 122880]
  const { app, operator, receiver, endpoint } = await start()
  receiver.answer(503)
  await call(app, { method: 'DELETE', path: `${M}/mem_ben` })
  await app.app.runJobs()
  for (const [index, pause] of pauses.entries()) {
    assert.equal(receiver.requests.length, index + 1)
    app.clock.advance(pause * SECOND - 1)
    await app.app.runJobs()
    assert.equal(receiver.requests.length, index + 1, `not before ${pause} s`)
    const [waiting] = await walk(operator, `${ORG}/deliveries?status=retrying`, 10)
    assert.equal(waiting?.nextAttemptAt, new Date(app.clock.now() + 1).toISOString())
    app.clock.advance(1)
    await app.app.runJobs()
  }
  assert.equal(receiver.requests.length, 14)
  assert.equal(app.clock.now() - Date.parse('2026-03-04T09:30:00.000Z'), 245_730 * SECOND)
  app.clock.advance(7 * 24 * 3600 * SECOND)
  await app.app.runJobs()
  assert.equal(receiver.requests.length, 14)
  assert.equal(new Set(receiver.requests.map(({ body }) => body)).size, 1)
  await app.assertEvents('membership.deleted')
  assert.equal((await operator.get(`${ORG}/webhooks/${endpoint}`)).body.disabledAt, null)

  const [failed, ...more] = await walk(operator, `${ORG}/deliveries?status=failed&endpoint=${endpoint}`, 10)
  assert.deepEqual(more, [])
  assert.equal((await walk(operator, `${ORG}/deliveries/${failed?.id}/attempts`, 5)).length, 14)
  receiver.answer(200)
  const again = await operator.post(`${ORG}/deliveries/${failed?.id}/resend`)
  assert.deepEqual([again.status, again.body.status, again.body.attempts], [200, 'queued', 0])
  await app.app.runJobs()
  assert.equal(receiver.requests.length, 15)
  assert.equal(receiver.requests[14]?.body, receiver.requests[0]?.body)
  await app.assertEvents('webhook.resent')
})

test('the operator sees each delivery and attempt, and no secret', async () => {
  const { app, operator, receiver } = await start()
  const url = receiver.url.replace('http://', 'http://me:pass-word@')
  const second = await operator.post(`${ORG}/webhooks`, { url, secret: 'another secret' })
  assert.equal(second.body.url, `http://***@127.0.0.1:${receiver.port}/`)
  await call(app, { method: 'DELETE', path: `${M}/mem_ben` })
  await app.app.runJobs()

  const [delivery] = await walk(operator, `${ORG}/deliveries?endpoint=${second.body.id}`, 10)
  assert.ok(delivery)
  const [event] = await walk(operator, '/events?type=membership.deleted', 10)
  assert.deepEqual(delivery, {
    id: delivery.id,
    endpointId: second.body.id,
    eventId: event?.id,
    eventType: 'membership.deleted',
    messageId: event?.id,
    status: 'completed',
    attempts: 1,
    nextAttemptAt: null,
    createdAt: '2026-03-04T09:30:00.000Z',
    updatedAt: '2026-03-04T09:30:00.000Z',
    completedAt: '2026-03-04T09:30:00.000Z',
  })
  assert.equal((await walk(operator, `${ORG}/deliveries?event=${event?.id}`, 1)).length, 2)
  const { body } = await operator.get(`${ORG}/deliveries/${delivery.id}`)
  assert.deepEqual(JSON.parse(String(body.body)).data, { reason: 'removed', membership: members.ben })
  const [attempt] = await walk(operator, `${ORG}/deliveries/${delivery.id}/attempts`, 10)
  const shown = ['id', 'number', 'startedAt', 'totalMs', 'requestHeaders', 'responseStatus', 'responseHeaders']
  assert.deepEqual(Object.keys(attempt ?? {}), [...shown, 'responseBody', 'error'])
  assert.deepEqual([attempt?.responseStatus, attempt?.responseBody, attempt?.error], [200, 'ok', null])
  const sent = attempt?.requestHeaders as Record<string, string>
  assert.equal(sent.authorization, '***')
  assert.equal(
    sent['aftership-hmac-sha256'],
    createHmac('sha256', 'another secret').update(String(body.body)).digest('base64'),
  )

  const all = [await operator.get(`${ORG}/webhooks`), delivery, body, attempt, await operator.get('/events'), app.log]
  for (const secret of [SECRET, 'another secret', 'pass-word']) assert.ok(!JSON.stringify(all).includes(secret))

  for (const path of ['deliveries/none', 'deliveries/none/attempts', 'webhooks/none']) {
    assertProblem(await operator.get(`${ORG}/${path}`), 404, 'notFound')
  }
  const south = `/aftership/organizations/${southwind.id}`
  for (const path of [
    `deliveries/${delivery.id}`,
    `deliveries/${delivery.id}/attempts`,
    `webhooks/${second.body.id}`,
  ]) {
    assertProblem(await operator.get(`${south}/${path}`), 404, 'notFound')
  }
  assertProblem(await operator.post(`${south}/deliveries/${delivery.id}/resend`), 404, 'notFound')
  assertProblem(await operator.patch(`${south}/webhooks/${second.body.id}`, {}), 404, 'notFound')
  assertProblem(await operator.post(`${south}/webhooks/${second.body.id}/disable`), 404, 'notFound')
  assert.deepEqual((await operator.get(`${south}/deliveries`)).body, { data: [], next: null })
})

test('an endpoint is changed, disabled and enabled; what waited goes out, signed with the new secret', async () => {
  const { app, operator, receiver, endpoint } = await start({ events: ['membership.created'] })
  const path = `${ORG}/webhooks/${endpoint}`
  const before = (await operator.get(path)).body
  app.clock.advance(SECOND)
  const now = new Date(app.clock.now()).toISOString()
  const disabled = await operator.post(`${path}/disable`)
  assert.deepEqual([disabled.status, disabled.body], [200, { ...before, disabledAt: now, updatedAt: now }])
  await call(app, { method: 'DELETE', path: `${M}/mem_ben` })
  await invite(app, accounts.liu.email)
  await app.app.runJobs()
  assert.deepEqual(receiver.requests, [])

  app.clock.advance(SECOND)
  const later = new Date(app.clock.now()).toISOString()
  const changed = await operator.patch(path, { secret: 'the next secret', events: [] })
  assert.deepEqual(changed.body, { ...before, events: [], updatedAt: later })
  await app.app.runJobs()
  const { headers, body } = theOnly(receiver)
  assert.equal(JSON.parse(body).event, 'membership.created')
  assert.equal(headers['aftership-hmac-sha256'], createHmac('sha256', 'the next secret').update(body).digest('base64'))
  const same = await operator.patch(path, { secret: 'the next secret' })
  assert.deepEqual(same.body, { ...before, events: [], updatedAt: later, lastSuccessAt: later })
  const told = ['webhook.disabled', 'membership.deleted', 'membership.created', 'webhook.updated', 'webhook.enabled']
  await app.assertEvents(...told)
})

const unfit: { name: string; change: object; path: string }[] = [
  { name: 'not http', change: { url: 'ftp://a.test/' }, path: 'url' },
  { name: 'not absolute', change: { url: '/hook' }, path: 'url' },
  { name: 'an unknown event', change: { events: ['membership.created', 'member.created'] }, path: 'events.1' },
  { name: 'a family that is none', change: { events: ['shipments.*'] }, path: 'events.0' },
  { name: 'a short secret', change: { secret: 'short' }, path: 'secret' },
  { name: 'an unknown field', change: { mode: 'live' }, path: 'mode' },
]
for (const { name, change, path } of unfit) {
  test(`refused, new or as a change: ${name}`, async () => {
    const { app, operator, endpoint } = await start()
    const whole = { url: 'https://receiver.test/', secret: SECRET, ...change }
    for (const reply of [
      await operator.post(`${ORG}/webhooks`, whole),
      await operator.patch(`${ORG}/webhooks/${endpoint}`, change),
    ]) {
      const [issue] = assertProblem(reply, 422, 'invalid') as Body[]
      assert.equal(issue?.path, path)
    }
    await app.assertEvents()
  })
}

test('a private target is refused unless that is allowed', async () => {
  const app = await startApp(seedOf(northwind))
  const reply = await operatorOf(app).post(`${ORG}/webhooks`, { url: 'http://127.0.0.1:9000/', secret: SECRET })
  const [issue] = assertProblem(reply, 422, 'invalid') as Body[]
  assert.equal(issue?.path, 'url')
  await app.assertEvents()
})

test('the names of events that never come are accepted, and no trap', async () => {
  const { app, operator } = await start({ events: ['tracking.update', 'shipment.update', 'return.*'] })
  assert.deepEqual(trapsIn(app), [])
  const [endpoint] = await walk(operator, `${ORG}/webhooks`, 10)
  await operator.patch(`${ORG}/webhooks/${endpoint?.id}`, { url: 'https://receiver.test/' })
  assert.deepEqual(trapsIn(app), [])
  await operator.patch(`${ORG}/webhooks/${endpoint?.id}`, { events: ['membership.deleted'] })
  assert.deepEqual(trapsIn(app), ['no-membership-webhooks'])
})

for (const [name, events] of [
  ['one of them', ['membership.created']],
  ['all of them', ['membership.*']],
  ['everything', []],
] as const) {
  test(`the trap no-membership-webhooks is told when a seed asks for ${name}`, async () => {
    const webhooks = [{ url: 'https://receiver.test/', secret: SECRET, events }]
    const app = await startApp(seedOf({ ...northwind, webhooks }))
    assert.deepEqual(trapsIn(app), ['no-membership-webhooks'])
    assert.ok(!JSON.stringify(app.log).includes(SECRET))
  })
}

function trapsIn({ log }: TestApp): unknown[] {
  return log.flatMap(({ trap }) => (trap === undefined ? [] : [trap]))
}
