// The torture's receivers, in short: docs/reliability.md. Every way of failing that is over at once, on the app in this
// process, its clock moved from attempt to attempt.

import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { Findings } from '../torture/findings.ts'
import { Random } from '../torture/random.ts'
import { judge } from '../torture/receivers/judge.ts'
import { judgeMails, MAIL_RETRY_AFTER_S, MAIL_SECRETS, mailEach } from '../torture/receivers/mailing.ts'
import { type Mail, mails } from '../torture/receivers/reading.ts'
import { startReceivers, urlsOf } from '../torture/receivers/receivers.ts'
import { startSmtp } from '../torture/receivers/smtp-server.ts'
import { quickSmtpWays } from '../torture/receivers/smtp-ways.ts'
import { changesOf, invitation, type Request, type Send, seedOf } from '../torture/receivers/tenants.ts'
import { SECOND, startApp, type TestApp } from './support.ts'

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
