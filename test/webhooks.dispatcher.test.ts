// Many deliveries at once: who is sent what when, what waits, what is given up, and that nothing is lost or sent twice.

import assert from 'node:assert/strict'
import test from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Bell } from '../src/platform/bell.ts'
import { withTransaction } from '../src/platform/context.ts'
import { claimDue } from '../src/platform/events/claims.ts'
import * as deliveries from '../src/platform/events/deliveries.ts'
import { Dispatcher } from '../src/platform/events/dispatcher.ts'
import * as endpoints from '../src/platform/events/endpoints.ts'
import { record } from '../src/platform/events/events.ts'
import { webhookJobs } from '../src/platform/events/jobs.ts'
import { startJobs } from '../src/platform/jobs.ts'
import { lookupAll } from '../src/platform/outbound/post.ts'
import { setAllowPrivateAddresses } from '../src/platform/settings.ts'
import { type Answer, type Receiver, startReceiver, theOnly } from './receiver.ts'
import { DAY, HOUR, SECOND } from './support.ts'
import { EVERYTHING, principal, type Sender, startSender } from './webhooks.support.ts'

const LEASE_MARGIN = 30 * SECOND
const never = new AbortController().signal

/** Hangs until `release`, then answers 200, also to what it held. */
function heldBack(receiver: Receiver): { release: () => void; highest: () => number } {
  const held = new Set<() => void>()
  let highest = 0
  const answer: Answer = (_request, response) => {
    const finish = () => void response.end()
    held.add(finish)
    response.on('close', () => held.delete(finish))
    highest = Math.max(highest, held.size)
  }
  receiver.answer(answer)
  return {
    release() {
      receiver.answer(200)
      for (const finish of held) finish()
    },
    highest: () => highest,
  }
}

async function statuses(sender: Sender): Promise<string[]> {
  return (await sender.deliveries()).map(({ status }) => status)
}

test('a receiver that hangs delays nobody else, and gets three requests at a time', async () => {
  const [sender, slow, quick] = [
    await startSender({ timeLimitMs: 60_000 }),
    await startReceiver(),
    await startReceiver(),
  ]
  const held = heldBack(slow)
  await sender.register(slow.url)
  for (let count = 0; count < 20; count++) await sender.record()
  const dispatched = sender.dispatch()
  await slow.got(3)
  await sender.register(quick.url)
  for (let count = 0; count < 20; count++) await sender.record()
  await quick.got(20)
  assert.equal(slow.requests.length, 3)
  held.release()
  await dispatched
  assert.equal(slow.requests.length, 40)
  assert.equal(held.highest(), 3)
  assert.deepEqual(new Set(await statuses(sender)), new Set(['completed']))
  assert.equal(new Set(slow.requests.map(({ headers }) => headers['x-message'])).size, 40, 'each one once')
})

test('receivers that hang and have a long queue leave places to others, however many they are', async () => {
  const sender = await startSender({ timeLimitMs: 60_000 })
  const [slow, quick] = [await startReceiver(), await startReceiver()]
  const held = heldBack(slow)
  for (let count = 0; count < 50; count++) await sender.register(slow.url)
  for (let count = 0; count < 5; count++) await sender.record()
  const dispatched = sender.dispatch()
  await slow.got(150)
  const other = { ...principal, tenant: 'other' }
  await endpoints.register(sender.ctx, other, { url: quick.url })
  await withTransaction(sender.ctx, other, tx => record(tx, other, 'thing.made', 'subject', {}))
  await quick.got(1)
  assert.equal(slow.requests.length, 150)
  held.release()
  await dispatched
})

test('while a lease holds nobody else sends; when it ends without an outcome somebody does', async () => {
  const [sender, receiver] = [await startSender(), await startReceiver()]
  await sender.register(receiver.url)
  await sender.record()
  // As a process that is killed between claim and outcome.
  assert.equal((await claimDue(sender.ctx, new Map(), 10)).length, 1)
  assert.equal((await sender.delivery()).nextAttemptAt, null, 'an attempt is under way')
  await sender.dispatch()
  sender.clock.advance(5 * SECOND + LEASE_MARGIN - 1)
  await sender.dispatch()
  assert.deepEqual(receiver.requests, [])
  sender.clock.advance(1)
  await sender.dispatch()
  theOnly(receiver)
  assert.equal((await sender.delivery()).status, 'completed')
})

test('two dispatchers on one store send each delivery once', async () => {
  const [sender, receiver] = [await startSender(), await startReceiver()]
  for (let count = 0; count < 5; count++) await sender.register(receiver.url)
  for (let count = 0; count < 20; count++) await sender.record()
  const second = new Dispatcher(lookupAll)
  await Promise.all([sender.dispatch(), second.run(sender.ctx, never), sender.dispatch()])
  assert.equal(receiver.requests.length, 100)
  assert.deepEqual(new Set(await statuses(sender)), new Set(['completed']))
  for (const { id } of await sender.deliveries()) assert.equal((await sender.attempts(id)).length, 1)
})

test('an outcome that comes after its lease was taken over is kept, and decides nothing', async () => {
  const [sender, receiver] = [await startSender(), await startReceiver()]
  await sender.register(receiver.url)
  await sender.record()
  const late: Answer = async (_request, response) => {
    receiver.answer(200)
    sender.clock.advance(5 * SECOND + LEASE_MARGIN)
    await new Dispatcher(lookupAll).run(sender.ctx, never)
    response.writeHead(500).end()
  }
  receiver.answer(late)
  await sender.dispatch()
  const { id, status, attempts } = await sender.delivery()
  assert.deepEqual([status, attempts], ['completed', 1])
  const outcomes = (await sender.attempts(id)).map(({ error }) => error)
  assert.deepEqual(outcomes, [null, 'answered 500'])
  sender.clock.advance(DAY)
  await sender.dispatch()
  assert.equal(receiver.requests.length, 2)
})

test('a disabled endpoint is sent nothing; what is queued waits, and goes out when it is enabled', async () => {
  const [sender, receiver] = [await startSender(), await startReceiver()]
  const { id } = await sender.register(receiver.url)
  await sender.record('thing.made')
  await endpoints.disable(sender.ctx, principal, id)
  await endpoints.disable(sender.ctx, principal, id)
  await sender.record('thing.gone')
  sender.clock.advance(3 * DAY)
  await sender.dispatch()
  assert.deepEqual(receiver.requests, [])
  assert.deepEqual(await statuses(sender), ['queued', 'queued'])
  const enabled = await endpoints.update(sender.ctx, principal, id, {})
  assert.equal(enabled.disabledAt, null)
  await sender.dispatch()
  assert.equal(receiver.requests.length, 2)
  const told = ['webhook.created', 'thing.made', 'webhook.disabled', 'thing.gone', 'webhook.enabled']
  assert.deepEqual(await sender.newEvents(), told)
  await endpoints.update(sender.ctx, principal, id, {})
  assert.deepEqual(await sender.newEvents(), [])
})

/** Three failing attempts. */
async function exhaust(sender: Sender): Promise<void> {
  await sender.dispatch()
  for (const pause of [10, 20]) {
    sender.clock.advance(pause * SECOND - 1)
    await sender.dispatch()
    sender.clock.advance(1)
    await sender.dispatch()
  }
}

test('a delivery that used up its attempts has failed, and its endpoint is disabled', async () => {
  const [sender, receiver] = [await startSender(), await startReceiver()]
  receiver.answer(500)
  const { id } = await sender.register(receiver.url)
  await sender.record()
  await exhaust(sender)
  const delivery = await sender.delivery()
  assert.deepEqual([delivery.status, delivery.attempts, delivery.nextAttemptAt], ['failed', 3, null])
  assert.equal((await endpoints.get(sender.ctx, principal, id)).disabledAt, '2026-03-04T09:30:30.000Z')
  assert.deepEqual(await sender.newEvents(), ['webhook.created', 'thing.made', 'webhook.disabled'])
  assert.equal(sender.log.filter(line => line.endpoint === id && line.msg?.includes('endpoint disabled')).length, 1)
  sender.clock.advance(DAY)
  await sender.dispatch()
  assert.equal(receiver.requests.length, 3)

  await endpoints.update(sender.ctx, principal, id, {})
  await sender.dispatch()
  assert.equal(receiver.requests.length, 3, 'what has failed stays failed')
})

test('an endpoint that something reached meanwhile stays enabled', async () => {
  const [sender, receiver] = [await startSender(), await startReceiver()]
  receiver.answer(({ body }, response) => response.writeHead(body.includes('thing.made') ? 500 : 200).end())
  const { id } = await sender.register(receiver.url)
  await sender.record('thing.made')
  await sender.record('thing.gone')
  await exhaust(sender)
  assert.deepEqual(await statuses(sender), ['failed', 'completed'])
  assert.equal((await endpoints.get(sender.ctx, principal, id)).disabledAt, null)
  // That success came before this one was queued: it speaks for it no more.
  await sender.record('thing.made')
  await exhaust(sender)
  assert.notEqual((await endpoints.get(sender.ctx, principal, id)).disabledAt, null)
  assert.deepEqual((await sender.newEvents()).filter(type => type === 'webhook.disabled').length, 1)
})

test('a dialect that does not disable leaves its endpoints enabled', async () => {
  const [sender, receiver] = [await startSender({ disablesOnFailure: false }), await startReceiver()]
  receiver.answer(500)
  const { id } = await sender.register(receiver.url)
  await sender.record()
  await exhaust(sender)
  assert.deepEqual(await statuses(sender), ['failed'])
  assert.equal((await endpoints.get(sender.ctx, principal, id)).disabledAt, null)
  assert.deepEqual(await sender.newEvents(), ['webhook.created', 'thing.made'])
})

test('a resend is the same message with a fresh series of attempts, whatever became of it', async () => {
  const [sender, receiver] = [await startSender({ disablesOnFailure: false }), await startReceiver()]
  receiver.answer(500)
  await sender.register(receiver.url)
  await sender.record()
  await exhaust(sender)
  const failed = await sender.delivery()
  const again = await deliveries.resend(sender.ctx, principal, failed.id)
  assert.deepEqual([again.id, again.status, again.attempts], [failed.id, 'queued', 0])
  await exhaust(sender)
  const delivery = await sender.delivery()
  assert.deepEqual([delivery.status, delivery.attempts], ['failed', 3])
  const numbers = (await sender.attempts(failed.id)).map(({ number }) => number)
  assert.deepEqual(numbers, [1, 2, 3, 1, 2, 3])

  receiver.answer(200)
  await deliveries.resend(sender.ctx, principal, failed.id)
  await sender.dispatch()
  assert.equal((await sender.delivery()).status, 'completed')
  await deliveries.resend(sender.ctx, principal, failed.id)
  await sender.dispatch()
  assert.equal(receiver.requests.length, 8)
  assert.equal(new Set(receiver.requests.map(({ body, headers }) => body + headers['x-message'])).size, 1)
  const resent = Array.from({ length: 3 }, () => 'webhook.resent')
  assert.deepEqual(await sender.newEvents(), ['webhook.created', 'thing.made', ...resent])
})

test('a resend during an attempt: the old outcome does not end the new series', async () => {
  const [sender, receiver] = [await startSender(), await startReceiver()]
  await sender.register(receiver.url)
  await sender.record()
  const { id } = await sender.delivery()
  receiver.answer(async (_request, response) => {
    receiver.answer(200)
    await deliveries.resend(sender.ctx, principal, id)
    response.writeHead(500).end()
  })
  await sender.dispatch()
  assert.equal(receiver.requests.length, 2)
  assert.equal((await sender.delivery()).status, 'completed')
})

test('no resend of what is another tenant’s, unknown, or of a removed endpoint', async () => {
  const [sender, receiver] = [await startSender(), await startReceiver()]
  const endpoint = await sender.register(receiver.url)
  await sender.record()
  const { id } = await sender.delivery()
  for (const [who, which] of [
    [{ ...principal, tenant: 'other' }, id],
    [{ ...principal, vendor: 'other' }, id],
    [principal, 'none'],
  ] as const) {
    await assert.rejects(deliveries.resend(sender.ctx, who, which), { code: 'notFound' })
    await assert.rejects(deliveries.get(sender.ctx, who, which), { code: 'notFound' })
  }
  await endpoints.remove(sender.ctx, principal, endpoint.id)
  await assert.rejects(deliveries.resend(sender.ctx, principal, id), { code: 'conflict' })
  await sender.dispatch()
  assert.deepEqual(receiver.requests, [])
  assert.equal((await sender.delivery()).status, 'failed', 'nothing is left waiting')
  assert.deepEqual(await sender.newEvents(), ['webhook.created', 'thing.made', 'webhook.deleted'])
})

test('what is committed is sent at once, not only when the job’s turn comes', async () => {
  const [sender, receiver] = [await startSender(), await startReceiver()]
  const endpoint = await sender.register(receiver.url)
  const jobs = webhookJobs(sender.ctx.webhooks, lookupAll).map(job => ({ ...job, everyMs: HOUR }))
  const running = startJobs(sender.ctx, jobs)
  const sentAndIdle = async (count: number) => {
    await receiver.got(count)
    while ((await statuses(sender)).some(status => status !== 'completed')) await setImmediate()
    // The dispatcher's last look.
    for (let turn = 0; turn < 10; turn++) await setImmediate()
  }
  await sentAndIdle(0)
  await sender.record()
  await sentAndIdle(1)
  await sender.record()
  await sentAndIdle(2)
  await deliveries.resend(sender.ctx, principal, (await sender.deliveries())[0]?.id ?? '')
  await sentAndIdle(3)
  await endpoints.disable(sender.ctx, principal, endpoint.id)
  await sender.record()
  for (let turn = 0; turn < 10; turn++) await setImmediate()
  await endpoints.update(sender.ctx, principal, endpoint.id, {})
  await sentAndIdle(4)
  await running.stop()
})

test('what another process queues is found during a long attempt', async () => {
  const [sender, slow, quick] = [
    await startSender({ timeLimitMs: 60_000 }),
    await startReceiver(),
    await startReceiver(),
  ]
  const held = heldBack(slow)
  await sender.register(slow.url)
  await sender.record()
  const dispatched = sender.dispatch()
  await slow.got(1)
  await sender.register(quick.url, { events: ['thing.gone'] })
  const elsewhere = { ...sender.ctx, webhooks: { ...sender.ctx.webhooks, queued: new Bell() } }
  await withTransaction(elsewhere, principal, tx => record(tx, principal, 'thing.gone', 'subject', {}))
  await quick.got(1)
  held.release()
  await dispatched
})

test('stopping waits for what is under way and starts nothing more', async () => {
  const [sender, receiver] = [await startSender({ timeLimitMs: 60_000 }), await startReceiver()]
  const held = heldBack(receiver)
  await sender.register(receiver.url)
  for (let count = 0; count < 10; count++) await sender.record()
  const running = startJobs(sender.ctx, webhookJobs(sender.ctx.webhooks, lookupAll))
  await receiver.got(3)
  let stopped = false
  const stop = running.stop().then(() => {
    stopped = true
  })
  await sender.record()
  assert.equal(stopped, false)
  held.release()
  await stop
  assert.equal(receiver.requests.length, 3)
  assert.deepEqual((await statuses(sender)).toSorted().slice(0, 4), ['completed', 'completed', 'completed', 'queued'])
})

test('a store that fails ends the run, and the next one goes on', async () => {
  const [sender, receiver] = [await startSender(), await startReceiver()]
  await sender.register(receiver.url)
  await sender.record()
  const broken = { ...sender.ctx, db: sender.ctx.db.withSchema('nowhere') }
  await assert.rejects(sender.dispatcher.run(broken, never), /nowhere/)
  await sender.dispatch()
  theOnly(receiver)
})

test('a store that fails before a request is made costs the receiver no attempt', async () => {
  const [sender, receiver] = [await startSender({ allowPrivateAddresses: undefined }), await startReceiver()]
  await withTransaction(sender.ctx, principal, tx => setAllowPrivateAddresses(tx, principal, true))
  await sender.register(receiver.url)
  await sender.record()
  const { schema } = sender.ctx.db
  await schema.alterTable('settings').renameTo('settings_away').execute()
  await sender.dispatch()
  const { id, status, attempts } = await sender.delivery()
  assert.deepEqual([status, attempts, await sender.attempts(id)], ['queued', 0, []])
  const lines = sender.log.filter(({ level }) => level === 'warn' || level === 'error')
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ['no outcome is written down; sent again later'],
  )

  await schema.alterTable('settings_away').renameTo('settings').execute()
  sender.clock.advance(5 * SECOND + LEASE_MARGIN)
  await sender.dispatch()
  theOnly(receiver)
  const sent = await sender.delivery()
  assert.deepEqual([sent.status, sent.attempts], ['completed', 1])
})

test('finished deliveries are forgotten after the retention time, with their attempts; what waits too long as well', async () => {
  const [sender, receiver] = [await startSender(), await startReceiver()]
  const purge = webhookJobs(sender.ctx.webhooks, lookupAll).find(({ name }) => name === 'webhook-retention')
  assert.ok(purge)
  const endpoint = await sender.register(receiver.url)
  await sender.record()
  await sender.dispatch()
  await endpoints.disable(sender.ctx, principal, endpoint.id)
  await sender.record()
  const [done] = await sender.deliveries()
  assert.ok(done)
  sender.clock.advance(30 * DAY)
  await purge.run(sender.ctx, never)
  assert.deepEqual(await statuses(sender), ['completed', 'queued'])
  sender.clock.advance(1)
  await purge.run(sender.ctx, never)
  assert.deepEqual(await statuses(sender), [])
  assert.deepEqual(await sender.attempts(done.id), [])
  assert.equal(sender.log.filter(({ msg }) => msg?.includes('dropped')).length, 1)
})

test('lists go from page to page, newest first', async () => {
  const sender = await startSender()
  const endpoint = await sender.register('http://127.0.0.1:9/')
  await sender.register('http://127.0.0.1:9/', { events: ['thing.gone'] })
  for (let count = 0; count < 5; count++) await sender.record()
  const all = (await deliveries.list(sender.ctx, principal, {}, EVERYTHING)).items
  const paged: deliveries.Delivery[] = []
  let after: string | undefined
  do {
    const page = await deliveries.list(sender.ctx, principal, { endpointId: endpoint.id }, { limit: 2, after })
    paged.push(...page.items)
    after = page.next ?? undefined
  } while (after !== undefined)
  assert.deepEqual(paged, all)
  assert.equal(paged.length, 5)
  const none = { items: [], next: null }
  assert.deepEqual(await deliveries.list(sender.ctx, principal, { status: 'failed' }, EVERYTHING), none)
  assert.deepEqual(await deliveries.list(sender.ctx, { ...principal, tenant: 'other' }, {}, EVERYTHING), none)
  const [first] = all
  assert.ok(first)
  const ofEvent = await deliveries.list(sender.ctx, principal, { eventId: first.eventId }, EVERYTHING)
  assert.deepEqual(ofEvent.items, [first])
})
