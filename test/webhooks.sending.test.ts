// One delivery after the other: what a receiver gets, what counts as a success, and what may be read afterwards.

import assert from 'node:assert/strict'
import test from 'node:test'
import { withTransaction } from '../src/platform/context.ts'
import * as attempts from '../src/platform/events/attempts.ts'
import * as deliveries from '../src/platform/events/deliveries.ts'
import * as endpoints from '../src/platform/events/endpoints.ts'
import * as events from '../src/platform/events/events.ts'
import * as settings from '../src/platform/settings.ts'
import { hang, startReceiver, theOnly } from './receiver.ts'
import { SECOND } from './support.ts'
import { EVERYTHING, principal, signatureOf, startSender } from './webhooks.support.ts'

const NOW = '2026-03-04T09:30:00.000Z'
const NOW_MS = Date.parse(NOW)

test('a receiver gets the message once, signed; delivery and attempt say so; no event comes of it', async () => {
  const [sender, receiver] = [await startSender(), await startReceiver()]
  const endpoint = await sender.register(`${receiver.url}/hook?x=1`, { secret: 'a secret' })
  await sender.record('thing.made', { name: 'ä' })
  const queued = await sender.delivery()
  assert.deepEqual([queued.status, queued.attempts, queued.nextAttemptAt], ['queued', 0, NOW])
  await sender.dispatch()

  const body = '{"event":"thing.made","data":{"name":"ä"}}'
  const headers = {
    'x-message': queued.messageId,
    'x-time': String(NOW_MS),
    'x-signature': signatureOf('a secret', NOW_MS, body),
    host: `127.0.0.1:${receiver.port}`,
    connection: 'close',
    'user-agent': 'Understudy-Webhooks',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
  }
  assert.deepEqual(theOnly(receiver), { method: 'POST', path: '/hook?x=1', headers, body })
  const delivery = await sender.delivery()
  assert.deepEqual(delivery, { ...queued, status: 'completed', attempts: 1, nextAttemptAt: null, completedAt: NOW })
  const [attempt, ...more] = await sender.attempts(delivery.id)
  assert.ok(attempt)
  assert.deepEqual(more, [])
  assert.deepEqual(attempt, {
    id: attempt.id,
    deliveryId: delivery.id,
    eventId: delivery.eventId,
    endpointId: endpoint.id,
    number: 1,
    startedAt: NOW,
    totalMs: 0,
    url: `${receiver.url}/hook?x=1`,
    requestHeaders: headers,
    requestBody: body,
    responseStatus: 200,
    responseHeaders: attempt.responseHeaders,
    responseBody: 'ok',
    error: null,
  })
  assert.deepEqual(await attempts.get(sender.ctx, principal, attempt.id), attempt)
  assert.equal((await endpoints.get(sender.ctx, principal, endpoint.id)).lastSuccessAt, NOW)
  assert.deepEqual(await sender.newEvents(), ['webhook.created', 'thing.made'])
  await sender.dispatch()
  assert.equal(receiver.requests.length, 1)
})

const failures: {
  name: string
  answer?: Parameters<Awaited<ReturnType<typeof startReceiver>>['answer']>[0]
  error: RegExp
  status: number | null
}[] = [
  { name: '500', answer: 500, error: /^answered 500$/, status: 500 },
  { name: '404', answer: 404, error: /^answered 404$/, status: 404 },
  {
    name: 'a redirect',
    answer: (_request, response) => response.writeHead(302, { location: '/elsewhere' }).end(),
    error: /^answered 302$/,
    status: 302,
  },
  { name: 'silence', answer: hang, error: /^no answer within 500 ms$/, status: null },
  { name: 'a closed connection', answer: (_request, response) => response.destroy(), error: /hang up/, status: null },
]
for (const { name, answer, error, status } of failures) {
  test(`${name} is a failure, kept with its reason, and tried again`, async () => {
    const [sender, receiver] = [
      await startSender({ timeLimitMs: answer === hang ? 500 : 60_000 }),
      await startReceiver(),
    ]
    if (answer !== undefined) receiver.answer(answer)
    await sender.register(receiver.url)
    await sender.record()
    await sender.dispatch()
    const delivery = await sender.delivery()
    assert.deepEqual(
      [delivery.status, delivery.attempts, delivery.nextAttemptAt, delivery.completedAt],
      ['retrying', 1, '2026-03-04T09:30:10.000Z', null],
    )
    const [attempt] = await sender.attempts(delivery.id)
    assert.match(String(attempt?.error), error)
    assert.equal(attempt?.responseStatus, status)
    theOnly(receiver)

    receiver.answer(204)
    sender.clock.advance(10 * SECOND)
    await sender.dispatch()
    assert.equal((await sender.delivery()).status, 'completed')
    const [first, second] = receiver.requests
    assert.equal(second?.body, first?.body, 'the body stays')
    assert.equal(second?.headers['x-message'], first?.headers['x-message'], 'the id stays')
    assert.equal(second?.headers['x-time'], String(NOW_MS + 10 * SECOND), 'the time is fresh')
  })
}

test('a receiver that is down gets it when it is up again', async () => {
  const [sender, receiver] = [await startSender(), await startReceiver()]
  const endpoint = await sender.register(receiver.url)
  await receiver.close()
  await sender.record()
  await sender.dispatch()
  const delivery = await sender.delivery()
  assert.match(String((await sender.attempts(delivery.id))[0]?.error), /ECONNREFUSED/)
  const moved = await startReceiver()
  await endpoints.update(sender.ctx, principal, endpoint.id, { url: moved.url })
  sender.clock.advance(10 * SECOND)
  await sender.dispatch()
  theOnly(moved)
})

test('what is rolled back is not delivered', async () => {
  const [sender, receiver] = [await startSender(), await startReceiver()]
  await sender.register(receiver.url)
  const failing = withTransaction(sender.ctx, principal, async tx => {
    await events.record(tx, principal, 'thing.made', 'subject', {})
    throw new Error('no')
  })
  await assert.rejects(failing, /no/)
  await sender.dispatch()
  assert.deepEqual(receiver.requests, [])
  assert.deepEqual(await sender.deliveries(), [])
})

test('an event goes to the endpoints that want it, and to no other', async () => {
  const sender = await startSender()
  const wanted: Record<string, Partial<endpoints.NewEndpoint>> = {
    all: {},
    one: { events: ['thing.made'] },
    family: { events: ['thing.*'] },
    other: { events: ['thing.gone', 'thing.never'] },
    live: { mode: 'live' },
    test: { mode: 'test' },
    child: { owner: 'child' },
  }
  const ids = new Map<string, string>()
  for (const [name, input] of Object.entries(wanted)) {
    ids.set((await sender.register('http://127.0.0.1:9/', input)).id, name)
  }
  const { id } = await endpoints.register(sender.ctx, { ...principal, tenant: 'other' }, { url: 'http://127.0.0.1:9/' })
  ids.set(id, 'another tenant')
  const receiversOf = async (type: string, data = {}) => {
    const before = (await sender.deliveries()).length
    await sender.record(type, data)
    return (await sender.deliveries()).slice(before).map(({ endpointId }) => ids.get(endpointId))
  }
  assert.deepEqual(await receiversOf('thing.made'), ['all', 'one', 'family', 'live', 'test'])
  assert.deepEqual(await receiversOf('thing.gone'), ['all', 'family', 'other', 'live', 'test'])
  assert.deepEqual(await receiversOf('other.made'), ['all', 'live', 'test'])
  assert.deepEqual(await receiversOf('thing.made', { mode: 'live' }), ['live'])
  assert.deepEqual(await receiversOf('thing.never'), [], 'not of this dialect')
  assert.deepEqual(await receiversOf('webhook.created'), [])
})

test('credentials are sent, and masked in what may be read', async () => {
  const [sender, receiver] = [await startSender(), await startReceiver()]
  receiver.answer((_request, response) => response.writeHead(200, { 'set-cookie': 'their=secret' }).end())
  await sender.register(`http://us%40er:pass%3Aword@127.0.0.1:${receiver.port}/in`, {
    secret: 'a secret',
    customHeaders: [
      { name: 'X-Api-Key', value: 'custom-secret' },
      { name: 'Content-Type', value: 'text/custom' },
      { name: 'content-length', value: '1' },
      { name: 'Host', value: 'custom.test' },
      { name: 'Transfer-Encoding', value: 'chunked' },
      { name: 'x-signature', value: 'custom-signature' },
      { name: 'Authorization', value: 'custom-authorization' },
    ],
  })
  await sender.record()
  await sender.dispatch()
  const { headers, body } = theOnly(receiver)
  assert.equal(headers.authorization, `Basic ${Buffer.from('us@er:pass:word').toString('base64')}`)
  assert.equal(headers['x-api-key'], 'custom-secret')
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(headers['content-length'], String(body.length))
  assert.equal(headers['transfer-encoding'], undefined)
  assert.equal(headers.host, `127.0.0.1:${receiver.port}`)
  assert.equal(headers['x-signature'], signatureOf('a secret', NOW_MS, body))

  const { id } = await sender.delivery()
  const [attempt] = await sender.attempts(id)
  assert.ok(attempt)
  assert.deepEqual(attempt.requestHeaders, { ...headers, authorization: '***', 'x-api-key': '***' })
  assert.equal(attempt.url, `http://127.0.0.1:${receiver.port}/in`)
  assert.equal(attempt.responseHeaders?.['set-cookie'], '***')
  const read = JSON.stringify([attempt, await deliveries.get(sender.ctx, principal, id), sender.log])
  for (const secret of ['custom-secret', 'pass', 'a secret', 'their=secret']) assert.ok(!read.includes(secret), secret)
  const stored = await sender.ctx.db.selectFrom('webhook_endpoints').selectAll().execute()
  const told = JSON.stringify([stored, await events.list(sender.ctx, {}, 0, 100)])
  for (const secret of ['custom-secret', 'pass', 'a secret', '/in']) assert.ok(!told.includes(secret), secret)
})

test('what a receiver says back of its credentials is masked in what is kept, read and logged', async () => {
  const [sender, receiver] = [await startSender(), await startReceiver()]
  receiver.answer(({ path, headers }, response) => {
    const said = {
      path,
      headers,
      ...{ signedIn: Buffer.from(headers.authorization?.slice(6) ?? '', 'base64').toString() },
    }
    response.writeHead(500, { location: path, 'x-you-sent': encodeURIComponent(JSON.stringify(said)) })
    response.end(JSON.stringify(said))
  })
  const [inPath, inQuery, password, header] = ['path', 'query', 'word', 'head'].map(name => `${name}-+/%"-0123456789`)
  const url = new URL(`http://127.0.0.1:${receiver.port}/in/${encodeURIComponent(inPath ?? '')}`)
  url.searchParams.set('token', inQuery ?? '')
  url.username = 'user'
  url.password = password ?? ''
  await sender.register(url.href, { customHeaders: [{ name: 'x-key', value: `Bearer ${header}` }] })
  await sender.record()
  await sender.dispatch()
  const { id } = await sender.delivery()
  const [attempt] = await sender.attempts(id)
  assert.match(String(attempt?.responseBody), /"path":"\/in\/\*\*\*\?token=\*\*\*"/)
  assert.match(String(attempt?.responseBody), /"x-key":"\*\*\*"/)
  const rows = await sender.ctx.db.selectFrom('webhook_attempts').selectAll().execute()
  const kept = JSON.stringify([rows, sender.log, attempt?.responseBody, attempt?.responseHeaders])
  const basic = Buffer.from(`user:${password}`).toString('base64')
  for (const secret of [inPath, inQuery, password, header, basic].map(String)) {
    for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]) {
      assert.ok(!kept.includes(form), form)
    }
  }
})

test('a token that is the user name of a URL is masked in what a receiver says back', async () => {
  const [sender, receiver] = [await startSender(), await startReceiver()]
  const token = 'token-+/%"-0123456789'
  receiver.answer(({ headers }, response) => {
    const user = Buffer.from(headers.authorization?.slice(6) ?? '', 'base64')
      .toString()
      .slice(0, -1)
    response.writeHead(401, { 'x-user': encodeURIComponent(user) }).end(JSON.stringify({ user, kind: 'ops' }))
  })
  const url = new URL(receiver.url)
  url.username = encodeURIComponent(token)
  await sender.register(url.href)
  await sender.record()
  await sender.dispatch()
  const { id } = await sender.delivery()
  const [attempt] = await sender.attempts(id)
  assert.equal(attempt?.responseBody, '{"user":"***","kind":"ops"}')
  assert.equal(attempt.responseHeaders?.['x-user'], '***')
})

test('private targets are refused by default, when registered and when sent', async () => {
  const receiver = await startReceiver()
  const lookup = async () => [{ address: '127.0.0.1', family: 4 }]
  const sender = await startSender({ allowPrivateAddresses: undefined, lookup })
  for (const url of [receiver.url, 'http://localhost/', 'http://[::ffff:7f00:1]/', 'http://0x7f.1/']) {
    await assert.rejects(sender.register(url), { code: 'invalid', message: /private addresses are refused/ })
  }
  await sender.register(`http://receiver.test:${receiver.port}/`)
  await sender.record()
  await sender.dispatch()
  const { id } = await sender.delivery()
  assert.equal((await sender.attempts(id))[0]?.error, 'refused: 127.0.0.1 is not a public address')
  assert.deepEqual(receiver.requests, [])
  assert.deepEqual(await sender.newEvents(), ['webhook.created', 'thing.made'])

  await withTransaction(sender.ctx, principal, tx => settings.setAllowPrivateAddresses(tx, principal, true))
  sender.clock.advance(10 * SECOND)
  await sender.dispatch()
  assert.equal(theOnly(receiver).headers.host, `receiver.test:${receiver.port}`)
  await sender.register(receiver.url)
  assert.deepEqual(await sender.newEvents(), ['setting.updated', 'webhook.created'])
})

test('the configuration wins over what a seed stored', async () => {
  const sender = await startSender({ allowPrivateAddresses: false })
  await withTransaction(sender.ctx, principal, tx => settings.setAllowPrivateAddresses(tx, principal, true))
  await assert.rejects(sender.register('http://127.0.0.1/'), { code: 'invalid' })
})

test('what became of an event, over all its endpoints', async () => {
  const [sender, up, down] = [await startSender(), await startReceiver(), await startReceiver()]
  down.answer(500)
  await sender.register(up.url)
  const second = await sender.register(down.url)
  await sender.record()
  await sender.record('thing.never')
  const [made, never] = await events.list(sender.ctx, {}, 2, 2)
  assert.ok(made && never)
  const told = async () => (await deliveries.ofEvents(sender.ctx, principal, [made.id, never.id])).get(made.id)
  const inFull = { pendingUrls: [up.url, down.url], completedUrls: [] as string[], updatedAt: NOW }
  assert.deepEqual(await told(), { ...inFull, status: 'queued' })
  await sender.dispatch()
  assert.deepEqual(await told(), { ...inFull, status: 'retrying', pendingUrls: [down.url], completedUrls: [up.url] })
  for (const pause of [10, 20]) {
    sender.clock.advance(pause * SECOND)
    await sender.dispatch()
  }
  const updatedAt = '2026-03-04T09:30:30.000Z'
  assert.deepEqual(await told(), { status: 'failed', pendingUrls: [], completedUrls: [up.url], updatedAt })
  await endpoints.remove(sender.ctx, principal, second.id)
  assert.deepEqual((await told())?.status, 'failed')
  const all = await deliveries.ofEvents(sender.ctx, principal, [made.id, never.id])
  const nothing = { status: 'completed', pendingUrls: [], completedUrls: [], updatedAt: null }
  assert.deepEqual(all.get(never.id), nothing, 'nobody wanted it')
  const ofEvent = await attempts.list(sender.ctx, principal, { eventId: made.id }, EVERYTHING)
  const numbers = ofEvent.items.map(({ endpointId, number }) => `${endpointId === second.id ? 'down' : 'up'} ${number}`)
  assert.deepEqual(numbers.toSorted(), ['down 1', 'down 2', 'down 3', 'up 1'])
  const other = { ...principal, tenant: 'other' }
  const others = await deliveries.ofEvents(sender.ctx, other, [made.id])
  assert.deepEqual(others.get(made.id), nothing, "another tenant's is unknown")
  assert.deepEqual((await attempts.list(sender.ctx, other, { eventId: made.id }, EVERYTHING)).items, [])
  await assert.rejects(attempts.get(sender.ctx, other, ofEvent.items[0]?.id ?? ''), { code: 'notFound' })
})
