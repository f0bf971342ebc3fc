// Webhooks over restarts: a store on disk, an app that ends or is left for dead, and another one on the same store.

import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { type App, createApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { attempt } from '../src/platform/events/attempting.ts'
import { claimDue } from '../src/platform/events/claims.ts'
import { lookupAll } from '../src/platform/outbound/post.ts'
import { loadSeed, parseSeed } from '../src/seed/load.ts'
import { seedOf, southwind } from './aftership.support.ts'
import { temporaryDirectory } from './process.ts'
import { hang, type Receiver, startReceiver, theOnly } from './receiver.ts'
import { FakeClock, SECOND } from './support.ts'

const AFTER_ITS_LEASE = 40 * SECOND

const open = new Set<App>()
after(async () => {
  for (const app of open) await app.close()
})

async function end(app: App): Promise<void> {
  open.delete(app)
  await app.close()
}

/** A store on disk that allows private addresses and has one endpoint. Every start is a fresh app on it. */
async function storeWith(receiver: Receiver): Promise<{ clock: FakeClock; start(): Promise<App> }> {
  const clock = new FakeClock('2026-03-04T09:30:00.000Z')
  const config = await readConfig({ data: temporaryDirectory(), port: '0' }, { UNDERSTUDY_LOG_LEVEL: 'silent' })
  const start = async () => {
    const app = await createApp(config, { clock })
    open.add(app)
    return app
  }
  const webhooks = [{ url: receiver.url, secret: 'a webhook secret' }]
  const seed = { webhooks: { allowPrivateAddresses: true }, ...JSON.parse(seedOf({ ...southwind, webhooks })) }
  const app = await start()
  await loadSeed(app.context, await parseSeed('test', JSON.stringify(seed)))
  await end(app)
  return { clock, start }
}

async function removeBen(app: App): Promise<void> {
  const headers = { 'as-api-key': southwind.keys[0]?.key }
  const reply = await app.inject({ method: 'DELETE', url: '/admin/2022-01/memberships/mem_ben_south', headers })
  assert.equal(reply.statusCode, 200)
}

test('what was queued when the server ended is sent by the next one; the seed’s setting holds', async () => {
  const receiver = await startReceiver()
  const { start } = await storeWith(receiver)
  const first = await start()
  await removeBen(first)
  await end(first)
  assert.deepEqual(receiver.requests, [])
  const second = await start()
  await second.runJobs()
  assert.equal(JSON.parse(theOnly(receiver).body).event, 'membership.deleted')
})

test('the pauses between attempts go on over restarts, with the same body', async () => {
  const receiver = await startReceiver()
  const { clock, start } = await storeWith(receiver)
  receiver.answer(500)
  let app = await start()
  await removeBen(app)
  await app.runJobs()
  for (const pause of [30, 60, 120]) {
    await end(app)
    app = await start()
    clock.advance(pause * SECOND - 1)
    await app.runJobs()
    const { length } = receiver.requests
    clock.advance(1)
    await app.runJobs()
    assert.equal(receiver.requests.length, length + 1)
  }
  assert.equal(receiver.requests.length, 4)
  assert.equal(new Set(receiver.requests.map(({ body }) => body)).size, 1)
})

test('an app that died in the middle of an attempt: nobody sends while its lease holds, then the next one does', async () => {
  const receiver = await startReceiver()
  const { clock, start } = await storeWith(receiver)
  receiver.answer(hang)
  const dead = await start()
  await removeBen(dead)
  // One claim and its attempt, without the dispatcher that would go on.
  const [claimed] = await claimDue(dead.context, new Map(), 1)
  assert.ok(claimed)
  const left = attempt(dead.context, lookupAll, claimed)
  await receiver.got(1)
  const next = await start()
  await next.runJobs()
  clock.advance(AFTER_ITS_LEASE - 1)
  await next.runJobs()
  assert.equal(receiver.requests.length, 1)
  receiver.answer(200)
  clock.advance(1)
  await next.runJobs()
  assert.equal(receiver.requests.length, 2)
  assert.equal(receiver.requests[1]?.body, receiver.requests[0]?.body)
  await receiver.close()
  await left
})

test('a running server sends at once, and what is under way when it stops is written down', async () => {
  const receiver = await startReceiver()
  const { start } = await storeWith(receiver)
  let answer = () => {}
  receiver.answer((_request, response) => {
    answer = () => void response.end('late')
  })
  const first = await start()
  await first.listen()
  await removeBen(first)
  await receiver.got(1)
  const closed = end(first)
  answer()
  await closed
  const second = await start()
  await second.runJobs()
  theOnly(receiver)
})
