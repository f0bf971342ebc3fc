// EasyPost contract section 10: webhooks on the wire, the feed of events, and what receivers get.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import { signature } from '../src/vendors/easypost/webhook-dialect.ts'
import {
  acme,
  assertRefused,
  call,
  createChild,
  deskRecord,
  globex,
  ids,
  type Json,
  keys,
  ok,
  SEED,
  START,
  seedOf,
} from './easypost.support.ts'
import { operatorOf } from './operator.ts'
import { startReceiver, theOnly } from './receiver.ts'
import { HOUR, MINUTE, SECOND, startApp, type TestApp } from './support.ts'

const start = () => startApp(SEED)
const URL_IN = 'https://hooks.tenant.example/in'

describe('webhooks', () => {
  test('created, read, listed, changed, deleted: all members, always; the secret never comes back', async () => {
    const app = await start()
    const webhook = {
      url: URL_IN,
      webhook_secret: 'sécret',
      custom_headers: [
        { key: 'x-team', value: 'ops' },
        { name: 'X-B', value: 5 },
      ],
    }
    const { id, ...rest } = await ok(app, 'POST', '/webhooks', { body: { webhook } }, 201)
    assert.match(id, /^hook_[0-9a-f]{32}$/)
    const made = {
      object: 'Webhook',
      mode: 'production',
      url: URL_IN,
      created_at: START,
      disabled_at: null,
      custom_headers: [
        { name: 'x-team', value: 'ops' },
        { name: 'X-B', value: '5' },
      ],
    }
    assert.deepEqual(rest, made)
    assert.deepEqual(await ok(app, 'GET', `/webhooks/${id}`), { id, ...made })
    assert.deepEqual(await ok(app, 'GET', '/webhooks'), { webhooks: [{ id, ...made }] })
    app.clock.advance(SECOND)
    for (const method of ['PUT', 'PATCH'] as const) {
      assert.deepEqual(await ok(app, method, `/webhooks/${id}`, {}, 201), { id, ...made })
    }
    const changed = await ok(app, 'PATCH', `/webhooks/${id}`, { body: { url: `${URL_IN}/2`, custom_headers: [] } }, 201)
    assert.deepEqual(changed, { id, ...made, url: `${URL_IN}/2`, custom_headers: [] })
    assert.deepEqual(await ok(app, 'DELETE', `/webhooks/${id}`), {})
    assertRefused(await call(app, 'GET', `/webhooks/${id}`), 'NOT_FOUND')
    assertRefused(await call(app, 'DELETE', `/webhooks/${id}`), 'NOT_FOUND')
    assertRefused(await call(app, 'PATCH', `/webhooks/${id}`, { body: { url: 5 } }), 'NOT_FOUND')
    await app.assertEvents('webhook.created', 'webhook.updated', 'webhook.deleted')
    assert.deepEqual(
      (await ok(app, 'GET', '/events')).events.filter((event: Json) => /webhook/.test(event.description)),
      [],
    )
    assert.ok(app.log.some(line => line.trap === 'polling-only' && line.tenant === ids.acme))
    assert.ok(!JSON.stringify(app.log).includes('sécret'))
  })

  test('oldest first', async () => {
    const app = await start()
    const made: string[] = []
    for (let n = 0; n < 5; n++)
      made.push((await ok(app, 'POST', '/webhooks', { body: { url: `${URL_IN}/${n}` } }, 201)).id)
    const { webhooks } = await ok(app, 'GET', '/webhooks')
    assert.deepEqual(
      webhooks.map(({ id }: Json) => id),
      made,
    )
  })

  const url = (message: string): [string, string] => ['url', message]
  const headers = (message: string): [string, string] => ['custom_headers', message]
  const refused: [object | undefined, string, [string, string]][] = [
    [undefined, 'PARAMETER.REQUIRED', ['webhook', 'cannot be blank']],
    [{}, 'PARAMETER.REQUIRED', ['webhook', 'cannot be blank']],
    [{ webhook: {} }, 'PARAMETER.REQUIRED', ['webhook', 'cannot be blank']],
    [{ webhook: { webhook_secret: 's' } }, 'WEBHOOK.INVALID_PARAMS', url('must be present; must be a string')],
    [{ url: null }, 'WEBHOOK.INVALID_PARAMS', url('must be present; must be a string')],
    [{ url: ['x'] }, 'WEBHOOK.INVALID_PARAMS', url('must be present; must be a string')],
    [{ url: '' }, 'WEBHOOK.INVALID_PARAMS', url('must be an absolute http or https URL')],
    [{ url: '/in' }, 'WEBHOOK.INVALID_PARAMS', url('must be an absolute http or https URL')],
    [{ url: 'ftp://a.example' }, 'WEBHOOK.INVALID_PARAMS', url('must be an absolute http or https URL')],
    [
      { url: `https://a.example/${'x'.repeat(2000)}` },
      'WEBHOOK.INVALID_PARAMS',
      url('must be an absolute http or https URL'),
    ],
    [{ url: URL_IN, custom_headers: 'x' }, 'WEBHOOK.INVALID_PARAMS', headers('must be an array')],
    [{ url: URL_IN, custom_headers: ['x'] }, 'WEBHOOK.INVALID_PARAMS', headers('must be objects')],
    [{ url: URL_IN, custom_headers: [{ value: 'x' }] }, 'WEBHOOK.INVALID_PARAMS', headers('must have a name')],
    [{ url: URL_IN, custom_headers: [{ name: 'x' }] }, 'WEBHOOK.INVALID_PARAMS', headers('must have a value')],
    [{ url: URL_IN, custom_headers: [{ name: 'x y', value: '1' }] }, 'WEBHOOK.INVALID_PARAMS', headers('is invalid')],
    [
      { url: URL_IN, custom_headers: [{ name: 'x', value: 'a\r\nb: c' }] },
      'WEBHOOK.INVALID_PARAMS',
      headers('must be one line of Latin-1 text'),
    ],
  ]
  test('what cannot be one is refused, and nothing is made', async () => {
    const app = await start()
    for (const [body, code, field] of refused) {
      const reply = await call(app, 'POST', '/webhooks', body === undefined ? {} : { body })
      assertRefused(reply, code, field)
    }
    await app.assertEvents()
  })

  test('a change of one that is not there is 404 before what is wrong with its fields, and after a broken body', async () => {
    const app = await start()
    const { id } = await ok(app, 'POST', '/webhooks', { key: keys.globex, body: { url: URL_IN } }, 201)
    await app.assertEvents('webhook.created')
    for (const path of ['/webhooks/hook_1', `/webhooks/${id}`]) {
      for (const method of ['PUT', 'PATCH'] as const) {
        for (const body of [{ webhook: 'x' }, { webhook: { url: ['x'] } }, { custom_headers: 'x' }]) {
          assertRefused(await call(app, method, path, { body }), 'NOT_FOUND')
        }
        assertRefused(await call(app, method, path, { body: '{"webhook":' }), 'BAD_REQUEST')
      }
    }
    const reply = await call(app, 'PATCH', `/webhooks/${id}`, { key: keys.globex, body: { webhook: 'x' } })
    assertRefused(reply, 'PARAMETER.INVALID_TYPE', ['webhook', 'must be an object'])
    await app.assertEvents()
  })

  test('private addresses are refused unless a setting allows them', async () => {
    const app = await startApp(seedOf(acme, globex), { webhooks: { allowPrivateAddresses: false } })
    for (const target of [
      'http://127.0.0.1/',
      'http://localhost:1/',
      'https://10.0.0.1/',
      'http://[::1]/',
      'http://169.254.169.254/',
    ]) {
      const { status, body } = await call(app, 'POST', '/webhooks', { body: { url: target } })
      assert.deepEqual([status, body.error.code, body.error.errors[0].field], [422, 'WEBHOOK.INVALID_PARAMS', 'url'])
    }
    await app.assertEvents()
  })

  test('they belong to one user and one mode', async () => {
    const app = await start()
    const made: Record<string, string> = {}
    for (const name of ['acme', 'acmeTest', 'desk', 'deskTest', 'globex'] as const) {
      made[name] = (await ok(app, 'POST', '/webhooks', { key: keys[name], body: { url: URL_IN } }, 201)).id
    }
    for (const name of Object.keys(made) as (keyof typeof keys)[]) {
      const key = keys[name]
      const { webhooks } = await ok(app, 'GET', '/webhooks', { key })
      assert.deepEqual(
        webhooks.map(({ id }: Json) => id),
        [made[name]],
      )
      for (const [other, id] of Object.entries(made)) {
        if (other === name) continue
        for (const method of ['GET', 'PATCH', 'DELETE'] as const) {
          assertRefused(await call(app, method, `/webhooks/${id}`, { key }), 'NOT_FOUND')
        }
      }
    }
  })

  test('those of a deleted child are gone', async () => {
    const app = await start()
    const { id } = await ok(app, 'POST', '/webhooks', { key: keys.desk, body: { url: URL_IN } }, 201)
    await ok(app, 'DELETE', `/users/${ids.desk}`, {}, 204)
    await operatorOf(app).post(`/easypost/parents/${ids.acme}/children/${ids.desk}/restore`)
    assert.deepEqual(await ok(app, 'GET', '/webhooks', { key: keys.desk }), { webhooks: [] })
    assertRefused(await call(app, 'GET', `/webhooks/${id}`, { key: keys.desk }), 'NOT_FOUND')
  })
})

/** The feed's types, newest first. */
async function types(app: TestApp, query = ''): Promise<string[]> {
  return (await ok(app, 'GET', `/events${query}`)).events.map((event: Json) => event.description)
}

describe('events', () => {
  test('one for each change that the contract names, newest first, and for nothing else', async () => {
    const app = await startApp(seedOf({ ...acme, children: [] }))
    const { id, api_keys } = await createChild(app, { name: 'Tenant' })
    await ok(app, 'PATCH', `/users/${id}`, { body: { name: 'Tenant One' } })
    await ok(app, 'PATCH', `/users/${id}`, { body: { name: 'Tenant One' } })
    await ok(app, 'PUT', '/users', { body: { phone: '5' } })
    await ok(app, 'PATCH', `/users/${id}/brand`, { body: { color: 'red' } })
    await ok(app, 'GET', '/api_keys')
    const key = await ok(app, 'POST', '/api_keys', { key: api_keys[1].key, body: { mode: 'test' } }, 201)
    for (const verb of ['disable', 'disable', 'enable', 'enable']) await ok(app, 'POST', `/api_keys/${key.id}/${verb}`)
    await ok(app, 'DELETE', `/api_keys/${key.id}`, {}, 204)
    await ok(app, 'DELETE', `/users/${id}`, {}, 204)
    assert.deepEqual(await types(app), [
      'user.deleted',
      'api_key.deleted',
      'api_key.enabled',
      'api_key.disabled',
      'api_key.created',
      'user.updated',
      'user.updated',
      'user.created',
    ])
  })

  test('an entry, and the event by itself: exactly these members', async () => {
    const app = await start()
    app.clock.advance(1234)
    await ok(app, 'PATCH', `/users/${ids.desk}`, { body: { name: 'Desk', recharge_amount: null } })
    const { events, has_more } = await ok(app, 'GET', '/events?page_size=1')
    assert.equal(has_more, true)
    const [{ id, ...entry }] = events
    assert.match(id, /^evt_[0-9a-f]{32}$/)
    const expected = {
      description: 'user.updated',
      user_id: ids.acme,
      status: 'completed',
      created_at: '2026-03-04T09:30:01.234Z',
      mode: 'production',
      object: 'Event',
    }
    assert.deepEqual(entry, expected)
    assert.deepEqual(await ok(app, 'GET', `/events/${id}`), {
      ...expected,
      id,
      previous_attributes: { name: 'Returns desk', recharge_amount: '50.00' },
      pending_urls: [],
      completed_urls: [],
      updated_at: '2026-03-04T09:30:01.234Z',
    })
    assert.deepEqual(await ok(app, 'GET', `/events/${id}/payloads`), { payloads: [] })
    assertRefused(await call(app, 'GET', `/events/${id}/payloads/payload_1`), 'PAYLOAD.NOT_FOUND')
  })

  test('pages as the newest-first list', async () => {
    const app = await startApp(seedOf({ ...acme, children: [] }))
    for (const name of ['a', 'b', 'c', 'd', 'e']) await ok(app, 'PATCH', '/users', { body: { name } })
    const all = (await ok(app, 'GET', '/events')).events.map(({ id }: Json) => id)
    assert.equal(all.length, 5)
    const [e5, e4, e3, e2, e1] = all
    for (const [query, expected, more] of [
      ['page_size=2', [e5, e4], true],
      [`page_size=2&before_id=${e4}`, [e3, e2], true],
      [`page_size=2&before_id=${e2}`, [e1], false],
      [`page_size=2&after_id=${e2}`, [e4, e3], true],
      [`page_size=2&after_id=${e3}`, [e5, e4], false],
    ] as const) {
      const { events, has_more } = await ok(app, 'GET', `/events?${query}`)
      assert.deepEqual([events.map(({ id }: Json) => id), has_more], [expected, more], query)
    }
    assertRefused(await call(app, 'GET', `/events?after_id=${e1}&before_id=${e3}`), 'UNPROCESSABLE_ENTITY', [
      'after_id',
      'cannot be combined with before_id',
    ])
  })

  test('an unknown cursor is 404, whatever it looks like', async () => {
    const app = await start()
    for (const cursor of ['evt_1', `evt_${'0'.repeat(32)}`, 'user_1', ids.desk, 'abc', '0', '%00']) {
      for (const side of ['after_id', 'before_id']) {
        assertRefused(await call(app, 'GET', `/events?${side}=${cursor}`), 'NOT_FOUND')
      }
    }
  })

  test('they belong to the parent in production: others, and test keys, have none', async () => {
    const app = await start()
    const [event] = (await ok(app, 'GET', '/events')).events
    for (const key of [keys.acmeTest, keys.desk, keys.deskTest]) {
      assert.deepEqual(await ok(app, 'GET', '/events', { key }), { events: [], has_more: false })
      assertRefused(await call(app, 'GET', `/events/${event.id}`, { key }), 'NOT_FOUND')
      assertRefused(await call(app, 'GET', `/events/${event.id}/payloads`, { key }), 'NOT_FOUND')
    }
    assertRefused(await call(app, 'GET', `/events/${event.id}`, { key: keys.globex }), 'NOT_FOUND')
    const audit = await app.app.context.db
      .selectFrom('events')
      .select('id')
      .where('type', '=', 'parent.created')
      .execute()
    const hidden = `evt_${audit[0]?.id.replaceAll('-', '')}`
    assertRefused(await call(app, 'GET', `/events/${hidden}`), 'NOT_FOUND')
  })

  test('an id that is no event’s', async () => {
    const app = await start()
    for (const path of ['/events/abc', '/events/user_1', '/events/abc/payloads', '/events/abc/payloads/payload_1']) {
      const reply = await call(app, 'GET', path)
      assertRefused(reply, 'PARAMETER.INVALID_TYPE', ['id', 'expected a evt ID'])
    }
    for (const path of ['/events/evt_abc', `/events/evt_${'0'.repeat(32)}`, '/events/evt_abc/payloads']) {
      assertRefused(await call(app, 'GET', path), 'NOT_FOUND')
    }
  })

  test('one switch turns them off: nothing is shown or sent, and everything is still in the log', async () => {
    const receiver = await startReceiver()
    const app = await startApp(seedOf({ ...acme, userEvents: false, webhooks: [{ url: receiver.url, secret: 's' }] }))
    await createChild(app, { name: 'Tenant' })
    await app.assertEvents('user.created', 'credential.created', 'credential.created')
    await app.app.runJobs()
    assert.deepEqual(receiver.requests, [])
    assert.deepEqual(await ok(app, 'GET', '/events'), { events: [], has_more: false })
    await operatorOf(app).patch(`/easypost/parents/${ids.acme}`, { userEvents: true })
    await createChild(app, { name: 'Another' })
    await app.app.runJobs()
    assert.equal(JSON.parse(theOnly(receiver).body).result.name, 'Another')
  })
})

describe('deliveries', () => {
  test('signed, with custom headers, the record as a read shows it; then an attempt to be read', async () => {
    const receiver = await startReceiver()
    const app = await start()
    const secret = 'sécret'
    const target = `${receiver.url.replace('//', '//us%C3%A9r:pass@')}/in?a=1`
    const webhook = {
      url: target,
      webhook_secret: secret,
      custom_headers: [
        { name: 'X-Team', value: 'ops' },
        { name: 'Content-Type', value: 'text/plain' },
        { name: 'X-Hmac-Signature', value: 'forged' },
      ],
    }
    await ok(app, 'POST', '/webhooks', { body: { webhook } }, 201)
    await ok(app, 'POST', '/webhooks', { key: keys.acmeTest, body: { url: `${receiver.url}/test` } }, 201)
    await ok(app, 'POST', '/webhooks', { key: keys.desk, body: { url: `${receiver.url}/desk` } }, 201)
    await ok(app, 'PATCH', `/users/${ids.desk}`, { body: { name: 'Desk "weight": 5, é' } })
    const [{ id }] = (await ok(app, 'GET', '/events?page_size=1')).events
    const shownUrl = `${receiver.url}/in?a=1`
    const waiting = await ok(app, 'GET', `/events/${id}`)
    assert.deepEqual([waiting.status, waiting.pending_urls, waiting.completed_urls], ['in_queue', [shownUrl], []])

    await app.app.runJobs()
    const { method, path, headers, body } = theOnly(receiver)
    assert.deepEqual([method, path], ['POST', '/in?a=1'])
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers['x-team'], 'ops')
    assert.equal(headers.authorization, `Basic ${Buffer.from('usér:pass').toString('base64')}`)
    const digest = createHmac('sha256', Buffer.from(secret.normalize('NFKD')))
      .update(body)
      .digest('hex')
    assert.equal(headers['x-hmac-signature'], `hmac-sha256-hex=${digest}`)
    assert.deepEqual(JSON.parse(body), {
      description: 'user.updated',
      id,
      user_id: ids.acme,
      status: 'in_queue',
      created_at: '2026-03-04T09:30:00.000Z',
      mode: 'production',
      object: 'Event',
      previous_attributes: { name: 'Returns desk' },
      pending_urls: [shownUrl],
      completed_urls: [],
      updated_at: '2026-03-04T09:30:00.000Z',
      result: { ...deskRecord, name: 'Desk "weight": 5, é' },
    })
    const done = await ok(app, 'GET', `/events/${id}`)
    assert.deepEqual([done.status, done.pending_urls, done.completed_urls], ['completed', [], [shownUrl]])

    const { payloads } = await ok(app, 'GET', `/events/${id}/payloads`)
    assert.equal(payloads.length, 1)
    const [payload] = payloads
    assert.deepEqual(await ok(app, 'GET', `/events/${id}/payloads/${payload.id}`), payload)
    const { id: payloadId, request_headers, response_headers, total_time, ...rest } = payload
    assert.match(payloadId, /^payload_[0-9a-f]{32}$/)
    assert.ok(Number.isInteger(total_time))
    assert.equal(response_headers['content-length'], '2')
    assert.deepEqual(rest, {
      object: 'Payload',
      mode: 'production',
      created_at: START,
      updated_at: START,
      request_url: shownUrl,
      request_body: body,
      response_code: 200,
      response_body: 'ok',
    })
    const written = JSON.stringify(payload)
    for (const hidden of ['pass', 'ops', headers.authorization ?? 'x']) assert.ok(!written.includes(hidden), hidden)
    assert.equal(request_headers['content-type'], 'application/json')
  })

  test('of a key: the whole record but its secret', async () => {
    const receiver = await startReceiver()
    const app = await startApp(seedOf({ ...acme, children: [], webhooks: [{ url: receiver.url }] }))
    const { id, key } = await ok(app, 'POST', '/api_keys', { body: { mode: 'test' } }, 201)
    await ok(app, 'POST', `/api_keys/${id}/disable`)
    await ok(app, 'POST', `/api_keys/${id}/enable`)
    await ok(app, 'DELETE', `/api_keys/${id}`, {}, 204)
    await app.app.runJobs()
    const sent = receiver.requests.map(({ body }) => JSON.parse(body))
    const record = { object: 'ApiKey', active: true, key: null, mode: 'test', created_at: START, id }
    const byType = Object.fromEntries(sent.map(event => [event.description, event.result]))
    assert.deepEqual(byType, {
      'api_key.created': record,
      'api_key.disabled': { ...record, active: false },
      'api_key.enabled': record,
      'api_key.deleted': record,
    })
    assert.ok(!JSON.stringify(receiver.requests).includes(key))
    assert.equal(receiver.requests[0]?.headers['x-hmac-signature'], undefined)
  })

  test('8 attempts on schedule; then it has failed and the webhook is disabled until an update', async () => {
    const receiver = await startReceiver()
    receiver.answer(500)
    const app = await startApp(seedOf({ ...acme, children: [], webhooks: [{ url: receiver.url, secret: 's' }] }))
    await ok(app, 'PATCH', '/users', { body: { name: 'One' } })
    const [{ id }] = (await ok(app, 'GET', '/events')).events
    const [hook] = (await ok(app, 'GET', '/webhooks')).webhooks
    await app.app.runJobs()
    assert.equal(receiver.requests.length, 1)
    assert.equal((await ok(app, 'GET', `/events/${id}`)).status, 'retrying')
    const pauses = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR]
    for (const [n, pause] of pauses.entries()) {
      app.clock.advance(pause - SECOND)
      await app.app.runJobs()
      assert.equal(receiver.requests.length, n + 1, `not before pause ${n}`)
      app.clock.advance(SECOND)
      await app.app.runJobs()
      assert.equal(receiver.requests.length, n + 2, `after pause ${n}`)
    }
    assert.equal((await ok(app, 'GET', `/events/${id}`)).status, 'failed')
    const payloads = (await ok(app, 'GET', `/events/${id}/payloads`)).payloads
    assert.deepEqual(
      payloads.map((payload: Json) => payload.response_code),
      Array(8).fill(500),
    )
    const { disabled_at } = await ok(app, 'GET', `/webhooks/${hook.id}`)
    assert.match(disabled_at, /^2026-03-05T\d\d:\d\d:\d\dZ$/)

    receiver.answer(200)
    await ok(app, 'PATCH', '/users', { body: { name: 'Two' } })
    await app.app.runJobs()
    assert.equal(receiver.requests.length, 8, 'nothing is sent to a disabled webhook')
    const enabled = await ok(app, 'PATCH', `/webhooks/${hook.id}`, {}, 201)
    assert.equal(enabled.disabled_at, null)
    await app.app.runJobs()
    assert.equal(receiver.requests.length, 9)
    assert.equal(JSON.parse(receiver.requests[8]?.body ?? '').result.name, 'Two')
  })

  test('an operator reads deliveries and sends one again: the same event, the same text', async () => {
    const receiver = await startReceiver()
    receiver.answer(500)
    const app = await startApp(seedOf({ ...acme, children: [], webhooks: [{ url: receiver.url }] }, globex))
    await ok(app, 'PATCH', '/users', { body: { name: 'One' } })
    await app.app.runJobs()
    const operator = operatorOf(app)
    const base = `/easypost/parents/${ids.acme}/deliveries`
    const { data } = (await operator.get<Json>(`${base}?status=retrying`)).body
    assert.deepEqual(
      data.map(({ eventType, attempts }: Json) => [eventType, attempts]),
      [['user.updated', 1]],
    )
    const [{ id }] = data
    receiver.answer(200)
    assert.equal((await operator.post(`${base}/${id}/resend`)).status, 200)
    await app.app.runJobs()
    const [first, second] = receiver.requests
    assert.equal(first?.body, second?.body)
    assert.equal((await operator.get<Json>(`${base}/${id}`)).body.status, 'completed')
    assert.equal((await operator.get<Json>(`${base}/${id}/attempts`)).body.data.length, 2)
    for (const parent of [ids.globex, 'user_nobody']) {
      assert.equal((await operator.get(`/easypost/parents/${parent}/deliveries/${id}`)).status, 404)
    }
  })

  test('a redirect is a failure', async () => {
    const receiver = await startReceiver()
    receiver.answer((_request, response) => void response.writeHead(307, { location: '/other' }).end())
    const app = await startApp(seedOf({ ...acme, children: [], webhooks: [{ url: receiver.url }] }))
    await ok(app, 'PATCH', '/users', { body: { name: 'One' } })
    await app.app.runJobs()
    assert.equal(theOnly(receiver).path, '/')
    const [{ status }] = (await ok(app, 'GET', '/events')).events
    assert.equal(status, 'retrying')
  })

  test('the signature of the contract’s example', () => {
    assert.equal(
      signature('{"description":"user.created","mode":"production"}', 'sécret'),
      'hmac-sha256-hex=350ebb65c373b975529a3c5ba0a5c9e6f57cf8873cfeff321c80b7c0ec501a6b',
    )
  })
})
