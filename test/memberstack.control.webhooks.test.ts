// Memberstack's webhooks as the operator sees them: endpoints with their secrets and environments, and what was sent.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { APPS, fieldsOf } from './memberstack.control.support.ts'
import {
  acme,
  acmeWith,
  control,
  createMember,
  globex,
  ids,
  type Json,
  ok,
  SEED,
  START,
  seedOf,
} from './memberstack.support.ts'
import { assertVerified } from './memberstack.verifiers.ts'
import { bodyOf, DELIVERIES, HOOKS, NEXT_SECRET, SECRET, startScene } from './memberstack.webhooks.support.ts'
import { assertProblem, walk } from './operator.ts'
import { startReceiver, theOnly } from './receiver.ts'
import { MINUTE, startApp } from './support.ts'

describe('endpoints', () => {
  test('are registered, read, changed, disabled, enabled and removed by the operator', async () => {
    const { app, operator, receiver, endpoint } = await startScene({ endpoint: { events: ['member.deleted'] } })
    const path = `${HOOKS}/${endpoint}`
    const whole = (await operator.get(path)).body
    assert.deepEqual(whole, {
      id: endpoint,
      environment: 'sandbox',
      url: receiver.url,
      events: ['member.deleted'],
      disabledAt: null,
      lastSuccessAt: null,
      createdAt: START,
      updatedAt: START,
    })
    assert.deepEqual((await operator.get(HOOKS)).body, { data: [whole], next: null })
    assert.equal((await operator.post(`${path}/disable`)).body.disabledAt, START)
    await ok(app, 'DELETE', `/members/${ids.ada}`)
    await app.app.runJobs()
    assert.deepEqual(receiver.requests, [])
    assert.deepEqual((await operator.patch(path, { events: [] })).body, { ...whole, events: [] })
    await app.app.runJobs()
    assert.equal(bodyOf(theOnly(receiver)).event, 'member.deleted')
    assert.equal((await operator.get(path)).body.lastSuccessAt, START)
    assert.equal((await operator.delete(path)).status, 204)
    assertProblem(await operator.get(path), 404, 'notFound')
    await app.assertEvents(
      'webhook.disabled',
      'member.deleted',
      'webhook.updated',
      'webhook.enabled',
      'webhook.deleted',
    )
  })

  test('a secret that is made is shown once, and signs; one that is given is never shown', async () => {
    const { app, operator, receiver } = await startScene({ endpoint: { events: ['member.plan.*'] } })
    const given = await operator.post(HOOKS, {
      url: 'https://receiver.test/',
      environment: 'live',
      secret: NEXT_SECRET,
    })
    assert.ok(!('secret' in given.body))
    const made = await operator.post(HOOKS, { url: receiver.url, environment: 'sandbox' })
    const secret = String(made.body.secret)
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{32}$/)
    await ok(app, 'DELETE', `/members/${ids.ada}`)
    await app.app.runJobs()
    assertVerified(theOnly(receiver), secret, app.clock.now())
    const shown = [
      await operator.get(HOOKS),
      await operator.get(`${HOOKS}/${made.body.id}`),
      await operator.patch(`${HOOKS}/${made.body.id}`, { secret: NEXT_SECRET }),
      await walk(operator, DELIVERIES, 200),
      await walk(operator, '/events', 200),
      await app.app.context.db.selectFrom('webhook_endpoints').selectAll().execute(),
      app.log,
    ]
    for (const hidden of [secret, SECRET, NEXT_SECRET]) assert.ok(!JSON.stringify(shown).includes(hidden))
  })

  test('belong to one app', async () => {
    const { operator, endpoint } = await startScene()
    const elsewhere = `${APPS}/${ids.globex}/webhooks`
    assert.deepEqual((await operator.get(elsewhere)).body, { data: [], next: null })
    for (const refused of [
      await operator.get(`${elsewhere}/${endpoint}`),
      await operator.patch(`${elsewhere}/${endpoint}`, {}),
      await operator.post(`${elsewhere}/${endpoint}/disable`),
      await operator.delete(`${elsewhere}/${endpoint}`),
      await operator.get(`${APPS}/app_none/webhooks`),
      await operator.post(`${APPS}/app_none/webhooks`, { url: 'https://a.test/', environment: 'live' }),
      await operator.get(`${APPS}/app_none/deliveries`),
    ]) {
      assertProblem(refused, 404, 'notFound')
    }
  })

  test('are 50 at most, of both environments together', async () => {
    const { operator } = await startScene()
    const hook = (environment: string) => operator.post(HOOKS, { url: 'https://receiver.test/', environment })
    for (let count = 1; count < 50; count++) {
      assert.equal((await hook(count % 2 ? 'live' : 'sandbox')).status, 201)
    }
    assertProblem(await hook('live'), 409, 'conflict')
    assert.equal((await operator.get<Json>(HOOKS)).body.data.length, 50)
  })

  const unfit: { name: string; change: object; path: string }[] = [
    { name: 'not http', change: { url: 'ftp://a.test/' }, path: 'url' },
    { name: 'an unknown event', change: { events: ['member.created', 'member.signed_in'] }, path: 'events.1' },
    { name: 'what no webhook tells', change: { events: ['member.restored'] }, path: 'events.0' },
    { name: 'a secret without prefix', change: { secret: SECRET.slice(6) }, path: 'secret' },
    { name: 'a secret in base64url', change: { secret: `${SECRET.slice(0, -2)}_w` }, path: 'secret' },
    { name: 'a short secret', change: { secret: 'whsec_c2hvcnQ=' }, path: 'secret' },
    { name: 'no secret at all', change: { secret: null }, path: 'secret' },
    { name: 'an empty secret', change: { secret: '' }, path: 'secret' },
    { name: 'another environment', change: { environment: 'test' }, path: 'environment' },
    { name: 'an unknown field', change: { mode: 'live' }, path: 'mode' },
  ]
  for (const { name, change, path } of unfit) {
    test(`refused, new or as a change: ${name}`, async () => {
      const { app, operator, endpoint } = await startScene()
      const whole = { url: 'https://receiver.test/', environment: 'sandbox', ...change }
      for (const reply of [await operator.post(HOOKS, whole), await operator.patch(`${HOOKS}/${endpoint}`, change)]) {
        assert.deepEqual(fieldsOf(reply), [path])
        for (const secret of [SECRET.slice(6), 'c2hvcnQ=']) assert.ok(!JSON.stringify(reply.body).includes(secret))
      }
      await app.assertEvents()
    })
  }

  test('keep their environment: a new one needs it, a change cannot name it', async () => {
    const { app, operator, endpoint } = await startScene()
    for (const reply of [
      await operator.post(HOOKS, { url: 'https://receiver.test/' }),
      await operator.patch(`${HOOKS}/${endpoint}`, { environment: 'live' }),
    ]) {
      assert.deepEqual(fieldsOf(reply), ['environment'])
    }
    await app.assertEvents()
  })

  test('at private addresses are refused unless a setting allows them', async () => {
    const app = await startApp(SEED, { webhooks: { allowPrivateAddresses: false } })
    const body = { url: 'http://127.0.0.1:9000/', environment: 'live' }
    await assert.rejects(control(app, 'POST', HOOKS, body), /422.*"path":"url"/)
    await app.assertEvents()
  })

  test('of a seed are sent to alike: what happens, not what the seed begins with', async () => {
    const receiver = await startReceiver()
    const webhooks = [{ url: receiver.url, environment: 'sandbox', secret: SECRET, events: ['member.*'] }]
    const app = await startApp(seedOf(acmeWith({}, { webhooks })))
    await app.app.runJobs()
    assert.deepEqual(receiver.requests, [])
    const { id } = await createMember(app)
    await app.app.runJobs()
    const captured = theOnly(receiver)
    assert.equal(bodyOf(captured).payload.id, id)
    assertVerified(captured, SECRET, app.clock.now())
    assert.ok(!JSON.stringify(app.log).includes(SECRET))
  })

  test('of a seed with an unfit secret or event are refused with their place', async () => {
    const hook = { url: 'https://receiver.test/', environment: 'live' }
    for (const [webhook, where] of [
      [{ ...hook, secret: 'an unfit one' }, /^test:1: memberstack\.apps\.0\.webhooks\.1\.secret: /],
      [{ ...hook, events: ['member.paid'] }, /^test:1: memberstack\.apps\.0\.webhooks\.1\.events\.0: /],
      [{ ...hook, url: 'receiver.test' }, /^test:1: memberstack\.apps\.0\.webhooks\.1\.url: /],
    ] as const) {
      const seeded = startApp(seedOf({ ...acme, webhooks: [hook, webhook] }, globex))
      await assert.rejects(seeded, (error: Error) => where.test(error.message) && !error.message.includes('unfit one'))
    }
  })
})

describe('deliveries', () => {
  test('are read, filtered, with their attempts, and sent again; those of another app are not there', async () => {
    const { app, operator, receiver, endpoint } = await startScene()
    receiver.answer(503)
    const member = await createMember(app)
    app.clock.advance(MINUTE)
    await ok(app, 'DELETE', `/members/${ids.ada}`)
    const [created, deleted] = await app.newEvents()
    await app.app.runJobs()
    const listed = await walk<Json>(operator, DELIVERIES, 1)
    assert.deepEqual(
      listed.map(({ eventType, endpointId, status, attempts }) => [eventType, endpointId, status, attempts]),
      [
        ['member.deleted', endpoint, 'retrying', 1],
        ['member.created', endpoint, 'retrying', 1],
      ],
    )
    const [latest, earliest] = listed
    assert.ok(latest && earliest)
    for (const [query, expected] of [
      [`event=${created?.id}`, ['member.created']],
      [`event=${deleted?.id}&status=retrying`, ['member.deleted']],
      ['status=completed', []],
      [`endpoint=${endpoint}`, ['member.deleted', 'member.created']],
      ['endpoint=none', []],
    ] as const) {
      const found = await walk<Json>(operator, `${DELIVERIES}?${query}`, 10)
      assert.deepEqual(
        found.map(({ eventType }) => eventType),
        expected,
        query,
      )
    }

    receiver.answer(200)
    assert.equal((await operator.post(`${DELIVERIES}/${latest.id}/resend`)).status, 200)
    await app.app.runJobs()
    const { body, ...rest } = (await operator.get<Json>(`${DELIVERIES}/${latest.id}`)).body
    assert.deepEqual([rest.status, rest.messageId], ['completed', latest.messageId])
    assert.equal(receiver.requests.at(-1)?.body, body)
    assert.deepEqual(JSON.parse(body).payload, { id: ids.ada })
    const attempts = await walk<Json>(operator, `${DELIVERIES}/${latest.id}/attempts`, 10)
    assert.deepEqual(
      attempts.map(({ responseStatus, requestHeaders }) => [responseStatus, requestHeaders['svix-id']]),
      [503, 200].map(status => [status, latest.messageId]),
    )
    for (const path of ['', '/attempts']) {
      assertProblem(await operator.get(`${APPS}/${ids.globex}/deliveries/${latest.id}${path}`), 404, 'notFound')
    }
    assertProblem(await operator.post(`${APPS}/${ids.globex}/deliveries/${latest.id}/resend`), 404, 'notFound')
    assert.deepEqual(await walk(operator, `${APPS}/${ids.globex}/deliveries`, 10), [])
    const { body: first } = (await operator.get<Json>(`${DELIVERIES}/${earliest.id}`)).body
    assert.deepEqual(JSON.parse(first).payload, member)
  })
})
