// The torture's receivers, in short: docs/reliability.md. Every way of failing that is over at once, on the app in this
// process, its clock moved from attempt to attempt.

import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { Findings } from '../torture/findings.ts'
import { Random } from '../torture/random.ts'
import { startHostile } from '../torture/receivers/hostile.ts'
import { judge } from '../torture/receivers/judge.ts'
import { judgeMails, MAIL_RETRY_AFTER_S, MAIL_SECRETS, mailEach } from '../torture/receivers/mailing.ts'
import { deliveriesOf, endpointsOf, type Mail, mails } from '../torture/receivers/reading.ts'
import { startReceivers, urlsOf } from '../torture/receivers/receivers.ts'
import { startSmtp } from '../torture/receivers/smtp-server.ts'
import { quickSmtpWays } from '../torture/receivers/smtp-ways.ts'
import {
  changesOf,
  control,
  invitation,
  type Request,
  type Send,
  seedOf,
  TENANTS,
} from '../torture/receivers/tenants.ts'
import { everyWay } from '../torture/receivers/ways.ts'
import { startReceiver } from './receiver.ts'
import { HOUR, SECOND, startApp, type TestApp } from './support.ts'
import { startSender } from './webhooks.support.ts'

const SEED = 8

function sendTo({ request }: TestApp): Send {
  return async ({ method, path, headers, body }) => {
    const reply = await request({ method: method as 'GET', url: path, headers, ...(body && { payload: body }) })
    return { status: reply.statusCode, body: JSON.parse(reply.body || 'null') }
  }
}

async function acknowledged(send: Send, requests: readonly Request[]): Promise<void> {
  for (const request of requests) {
    const { status, body } = await send(request)
    assert.ok(status < 300, `${request.path}: ${status} ${JSON.stringify(body)}`)
  }
}

test('whatever receivers of webhooks do, every change arrives once they are well, or is given up with the reason', async () => {
  const receivers = await startReceivers(new Random(SEED), way => !way.waits)
  after(() => {
    for (const { hostile } of receivers) hostile.close()
  })
  const app = await startApp(seedOf(urlsOf(receivers), 1, 'http://127.0.0.1:9'), {
    webhooks: { allowPrivateAddresses: true },
  })
  const [send, findings] = [sendTo(app), new Findings()]
  const changes = changesOf(0)
  await acknowledged(send, changes)
  await app.app.runJobs()
  for (const { hostile, recovers } of receivers) if (recovers) hostile.recover()
  // AfterShip's pauses are the longest: none of the others' is passed by.
  for (let pause = 5; pause < 200_000; pause = Math.ceil(pause * 1.5)) {
    app.clock.advance(pause * SECOND)
    await app.app.runJobs()
  }
  for (const tenant of ['aftership', 'easypost', 'memberstack'] as const) {
    await judge(send, tenant, receivers, changes, findings)
  }
  const { failures } = findings.outcome()
  assert.deepEqual(failures, [])
})

test('whatever the mail server does, every mail arrives once it is well, or is given up with the reason', async () => {
  const smtp = await startSmtp()
  after(smtp.close)
  const ways = quickSmtpWays(new Random(SEED))
  const seed = seedOf({ aftership: [], easypost: [], memberstack: [], bulk: [] }, 100, 'http://127.0.0.1:9')
  const app = await startApp(seed, { smtp: smtp.settings })
  const [send, findings] = [sendTo(app), new Findings()]
  const change = (request: Request) => acknowledged(send, [request])
  let people = 0
  const next = () => invitation(people++)
  const tried = async (to: string) => {
    await app.app.runJobs()
    return (await mails(send, to))[0] as Mail
  }
  const recipients = await mailEach({ send, smtp, findings, change, tried }, ways, next)
  const poisoned = next()
  smtp.poison(poisoned.mailTo)
  await change(poisoned)
  for (const pause of [0, ...MAIL_RETRY_AFTER_S]) {
    app.clock.advance(pause * SECOND)
    await app.app.runJobs()
  }
  await judgeMails({ send, smtp, findings }, recipients, [poisoned.mailTo])
  const told = JSON.stringify([app.log, await mails(send)])
  for (const secret of MAIL_SECRETS) assert.ok(!told.includes(secret), secret)
  const { failures } = findings.outcome()
  assert.deepEqual(failures, [])
})

/** One endpoint that holds back its answer: AfterShip's change is on its way to it. */
async function underWay() {
  const receiver = await startReceiver()
  const answer = Promise.withResolvers<void>()
  receiver.answer((_request, response) => void answer.promise.then(() => response.writeHead(500).end()))
  const urls = { aftership: [receiver.url], easypost: [], memberstack: [], bulk: [] }
  const app = await startApp(seedOf(urls, 1, 'http://127.0.0.1:9'), { webhooks: { allowPrivateAddresses: true } })
  const send = sendTo(app)
  await acknowledged(send, changesOf(0).slice(0, 1))
  const sent = app.app.runJobs()
  await receiver.got(1)
  const [endpoint] = await endpointsOf(send, 'aftership')
  const path = `${TENANTS.aftership.base}/webhooks/${endpoint?.id}`
  return {
    receiver,
    app,
    operate: (method: string, more = '', body?: object) =>
      acknowledged(send, [{ ...control(path + more), method, ...(body && { body }) }]),
    async answered() {
      answer.resolve()
      await sent
      receiver.answer(200)
      app.clock.advance(HOUR)
      await app.app.runJobs()
    },
    statuses: async () => (await deliveriesOf(send, 'aftership')).map(({ status }) => status),
  }
}

test('an endpoint that is removed while a request is on its way gets no other, and what it refused is given up', async () => {
  const { receiver, operate, answered, statuses } = await underWay()
  await operate('DELETE')
  await answered()
  assert.deepEqual([receiver.requests.length, await statuses()], [1, ['failed']])
})

test('one that is disabled meanwhile gets no other until it is enabled, and then what it refused', async () => {
  const { receiver, app, operate, answered, statuses } = await underWay()
  await operate('POST', '/disable')
  await answered()
  assert.deepEqual([receiver.requests.length, await statuses()], [1, ['retrying']])
  await operate('PATCH', '', {})
  await app.app.runJobs()
  assert.deepEqual([receiver.requests.length, await statuses()], [2, ['completed']])
})

test('receivers that take all the time there is are left at the time limit, side by side', async () => {
  const sender = await startSender({ timeLimitMs: 300 })
  const ways = Object.entries(everyWay(new Random(SEED))).filter(([, way]) => way.waits)
  const judged: [name: string, taken: boolean, id: string][] = []
  for (const [name, way] of ways) {
    const hostile = await startHostile(way, name)
    after(hostile.close)
    judged.push([name, way.taken, (await sender.register(hostile.url)).id])
  }
  await sender.record()
  await sender.dispatch()
  const byEndpoint = new Map((await sender.deliveries()).map(delivery => [delivery.endpointId, delivery]))
  for (const [name, taken, id] of judged) {
    const { status, id: delivery } = byEndpoint.get(id) ?? assert.fail(name)
    const [attempt, ...more] = await sender.attempts(delivery)
    assert.deepEqual([status, more.length], [taken ? 'completed' : 'retrying', 0], name)
    if (!taken) assert.equal(attempt?.error, 'no answer within 300 ms', name)
  }
})

test('a name that leads elsewhere at every look is refused as soon as it leads somewhere private', async () => {
  const receiver = await startReceiver()
  const found = ['127.0.0.1', '::1', '169.254.169.254', '10.0.0.1']
  let looks = 0
  const sender = await startSender({
    allowPrivateAddresses: false,
    lookup: async () => {
      const address = found[looks++ % found.length] ?? ''
      return [{ address, family: address.includes(':') ? 6 : 4 }]
    },
  })
  await sender.register(`http://rebinding.test:${receiver.port}/`)
  await sender.record()
  for (const pause of [0, 10, 20]) {
    sender.clock.advance(pause * SECOND)
    await sender.dispatch()
  }
  const { id, status } = await sender.delivery()
  const reasons = (await sender.attempts(id)).map(({ error }) => error)
  const expected = found.slice(0, 3).map(address => `refused: ${address} is not a public address`)
  assert.deepEqual([reasons, status, looks], [expected, 'failed', 3], 'looked up once for each attempt')
  assert.deepEqual(receiver.requests, [])
})
