// A clock that is set while the server runs: it is told, and what waited by the clock as it was is due.

import assert from 'node:assert/strict'
import test from 'node:test'
import { clockWatch } from '../src/platform/clock-watch.ts'
import { withTransaction } from '../src/platform/context.ts'
import * as outbox from '../src/platform/mail/outbox.ts'
import { startReceiver } from './receiver.ts'
import { HOUR, MINUTE, SECOND, startApp, type TestApp } from './support.ts'

const parent = { authorization: `Basic ${Buffer.from('EZAKacme:').toString('base64')}` }
const SYSTEM = { vendor: 'understudy', tenant: '', actor: 'system:test' }
const seedFor = (url: string) => `
easypost:
  users: [{ name: Acme, keys: { production: EZAKacme }, webhooks: [{ url: "${url}", mode: production }] }]
webhooks: { allowPrivateAddresses: true }
`

interface Watch {
  /** Looks at the clock after so long, by which it has moved by so much more. */
  look(afterMs: number, setBy?: number): Promise<void>
  told(): unknown[]
}

async function watch({ app, clock, log }: TestApp): Promise<Watch> {
  let monotonic = 0
  const job = clockWatch(() => monotonic)
  const { signal } = new AbortController()
  const look = (afterMs: number, setBy = 0) => {
    monotonic += afterMs
    clock.advance(afterMs + setBy)
    return job.run(app.context, signal)
  }
  await look(0)
  const told = () => log.filter(({ msg = '' }) => msg.startsWith('the clock')).map(({ msg, byMs }) => [msg, byMs])
  return { look, told }
}

test('a clock that is set is told once, with how far; one that is only corrected is not', async () => {
  const app = await startApp('')
  const ready = async () => (await app.request({ url: '/ready' })).json()
  const { look, told } = await watch(app)
  await look(SECOND)
  await look(SECOND, 500)
  await look(MINUTE, -500)
  assert.deepEqual([told(), await ready()], [[], { status: 'ready' }])
  await look(SECOND, HOUR)
  const warnings = ['clock: it was set within the last hour; the log says by how much']
  assert.deepEqual(await ready(), { status: 'ready', warnings })
  await look(SECOND)
  await look(SECOND, -HOUR)
  await look(SECOND)
  assert.deepEqual(told(), [
    ['the clock was set forward, or the machine slept', HOUR],
    ['the clock was set back', -HOUR],
  ])
})

test('a webhook that waits for its next attempt does not wait for an hour more when the clock is set back', async () => {
  const receiver = await startReceiver()
  const app = await startApp(seedFor(receiver.url))
  const { look } = await watch(app)
  receiver.answer(500)
  const payload = { user: { name: 'Desk' } }
  assert.equal((await app.request({ method: 'POST', url: '/v2/users', headers: parent, payload })).statusCode, 201)
  await app.app.runJobs()
  assert.equal(receiver.requests.length, 1)
  await look(SECOND, -HOUR)
  receiver.answer(200)
  await app.app.runJobs()
  assert.equal(receiver.requests.length, 2)
  await look(SECOND)
  await app.app.runJobs()
  assert.equal(receiver.requests.length, 2, 'and once only')
})

test('a mail that waits does not wait for an hour more when the clock is set back', async () => {
  const app = await startApp('')
  const { context } = app.app
  const { look } = await watch(app)
  const ctx = { ...context, settings: { ...context.settings, smtp: true } }
  await withTransaction(ctx, null, tx =>
    outbox.enqueue(tx, SYSTEM, { to: 'jane@acme.test', subject: 'Hello', text: 'Hi' }),
  )
  await look(SECOND, -HOUR)
  const claimed = await outbox.claimDue(ctx, app.clock.now() + MINUTE)
  assert.equal(claimed?.recipient, 'jane@acme.test')
})
