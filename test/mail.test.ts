// Mails leave by SMTP: sent with their link, tried again when that fails, given up in the end, and never in the way.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import test, { type TestContext } from 'node:test'
import { SMTPServer } from 'smtp-server'
import { type Principal, withTransaction } from '../src/platform/context.ts'
import * as outbox from '../src/platform/mail/outbox.ts'
import { startSmtp } from '../torture/receivers/smtp-server.ts'
import { ACME, assertProblem, operatorOf, walk } from './operator.ts'
import { startSilentServer } from './silent.ts'
import { DAY, HOUR, MINUTE, SECOND, startApp } from './support.ts'

const PRINCIPAL: Principal = { vendor: 'test', tenant: 'acme', actor: 'key:test' }

interface Received {
  to: string[]
  headers: string
  text: string
}

/** A mail server on loopback that takes everything but for recipients that it refuses. */
async function startMailServer(t: TestContext) {
  const received: Received[] = []
  const refused = new Set<string>()
  /** Those whose mails are refused at the end, in words of their own. */
  const quoting = new Set<string>()
  let attempts = 0
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo({ address }, _session, callback) {
      attempts++
      if (!refused.has(address)) return callback()
      callback(Object.assign(new Error('mailbox busy'), { responseCode: 451 }))
    },
    onData(stream, { envelope }, callback) {
      let message = ''
      stream.on('data', chunk => (message += chunk))
      stream.on('end', () => {
        if (quoting.has(envelope.rcptTo[0]?.address ?? '')) {
          const said = `5.7.1 spam: ${message.replaceAll(/=?\r\n/g, ' ').slice(-400)}`
          return callback(Object.assign(new Error(said), { responseCode: 550 }))
        }
        const end = message.indexOf('\r\n\r\n')
        received.push({
          to: envelope.rcptTo.map(({ address }) => address),
          headers: message.slice(0, end),
          text: decoded(message.slice(end + 4)),
        })
        callback()
      })
    },
  })
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  t.after(() => new Promise<void>(resolve => server.close(resolve)))
  const address = server.server.address()
  const port = typeof address === 'object' && address?.port
  return {
    settings: { url: `smtp://127.0.0.1:${port}`, from: 'Understudy <noreply@understudy.test>' },
    received,
    refused,
    quoting,
    attempts: () => attempts,
  }
}

/** Quoted-printable to text; what is not is left as it is. */
function decoded(body: string): string {
  return body
    .replaceAll('=\r\n', '')
    .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function headerOf({ headers }: Received, name: string): string | undefined {
  return new RegExp(`^${name}: (.*(?:\r\n[ \t].*)*)`, 'im').exec(headers)?.[1]
}

async function start(smtp: { url: string; from: string }) {
  const app = await startApp(ACME, { smtp })
  const operator = operatorOf(app)
  return {
    app,
    operator,
    invite: (email: string) =>
      operator.post('/aftership/organizations/org_acme/memberships', { email, role: 'member' }),
    /** The newest mail, as the control API shows it. */
    async mail() {
      const [newest] = await walk(operator, '/mails', 200)
      assert.ok(newest)
      return newest
    },
  }
}

test('a recipient is one address, whatever a mail header would make of it', async t => {
  const server = await startMailServer(t)
  const { app, operator, invite } = await start(server.settings)
  for (const email of ['x<nina@acme.test', 'x,nina@acme.test', 'nina(x)@acme.test', 'x:nina@acme.test']) {
    assert.equal((await operator.post('/aftership/accounts', { email })).status, 201)
    assert.equal((await invite(email)).status, 201)
  }
  await app.app.runJobs()
  const recipients = server.received.flatMap(({ to }) => to)
  assert.deepEqual(recipients.toSorted(), ['"nina(x)"@acme.test', '"x,nina"@acme.test', '"x:nina"@acme.test'])
})

test('a mail is sent once, with a link that works', async t => {
  const server = await startMailServer(t)
  const { app, invite, mail } = await start(server.settings)
  await invite('nina@acme.test')
  assert.deepEqual([(await mail()).status, server.attempts()], ['queued', 0], 'not in the request')
  app.clock.advance(SECOND)
  await app.app.runJobs()
  await app.app.runJobs()

  const [message, ...more] = server.received
  assert.ok(message)
  assert.deepEqual(more, [])
  assert.deepEqual(message.to, ['nina@acme.test'])
  assert.equal(headerOf(message, 'to'), 'nina@acme.test')
  assert.equal(headerOf(message, 'from'), 'Understudy <noreply@understudy.test>')
  assert.equal(headerOf(message, 'subject'), 'Confirm that you join Acme')
  const { id, status, attempts, sentAt, lastError } = await mail()
  assert.equal(headerOf(message, 'message-id'), `<${id}@understudy>`)
  assert.deepEqual([status, attempts, sentAt, lastError], ['sent', 1, '2026-03-04T09:30:01.000Z', null])

  const link = new URL(/http:\S+/.exec(message.text)?.[0] ?? '')
  assert.equal((await app.request({ method: 'POST', url: link.pathname })).statusCode, 200)
  await app.assertEvents('membership.created', 'membership.activated')
})

test('a server that refuses a mail and quotes it does not bring its link into the log or the outbox', async t => {
  const server = await startMailServer(t)
  server.quoting.add('nina@acme.test')
  const { app, invite, mail } = await start(server.settings)
  await invite('nina@acme.test')
  await app.app.runJobs()
  const { status, lastError } = await mail()
  assert.equal(status, 'queued')
  assert.equal(lastError, 'the mail was not taken: 550 5.7.1 (the rest is left out: it may quote the mail)')
  const [{ text } = { text: '' }] = await app.mailsTo('nina@acme.test')
  const token = /\/invitations\/aftership\/([\w-]+)/.exec(text)?.[1] ?? ''
  assert.ok(token.length > 20)
  assert.ok(!JSON.stringify([lastError, app.log]).includes(token.slice(8, 24)))
})

test('a mail that is refused is tried again with growing delays, and given up in the end, until an operator resends it', async t => {
  const server = await startMailServer(t)
  server.refused.add('nina@acme.test')
  const { app, operator, invite, mail } = await start(server.settings)
  await invite('nina@acme.test')

  const delays = [0, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR]
  for (const [index, delay] of delays.entries()) {
    app.clock.advance(Math.max(0, delay - 1))
    await app.app.runJobs()
    assert.equal(server.attempts(), index + (delay === 0 ? 1 : 0), 'not a millisecond early')
    app.clock.advance(delay === 0 ? 0 : 1)
    await app.app.runJobs()
    assert.equal(server.attempts(), index + 1)
    const { status, attempts, lastError, sentAt } = await mail()
    assert.deepEqual([attempts, sentAt], [index + 1, null])
    assert.match(String(lastError), /451 mailbox busy/)
    assert.equal(status, index === delays.length - 1 ? 'failed' : 'queued')
  }
  app.clock.advance(24 * HOUR)
  await app.app.runJobs()
  assert.equal(server.attempts(), delays.length)
  assert.deepEqual(server.received, [])

  const lines = app.log.filter(({ msg }) => msg === 'mail not sent')
  assert.equal(lines.length, delays.length)
  assert.deepEqual(
    lines.map(({ level, attempt, givenUp }) => [level, attempt, givenUp]),
    delays.map((_, index) => ['warn', index + 1, index === delays.length - 1]),
  )
  assert.equal(JSON.stringify(app.log).includes('/invitations/aftership/'), false)

  // One that was given up, and then one that was sent.
  const { id, status } = await mail()
  assert.equal(status, 'failed')
  server.refused.clear()
  for (const _twice of [1, 2]) {
    const resent = await operator.post(`/mails/${id}/resend`)
    assert.deepEqual([resent.status, resent.body.status, resent.body.attempts], [200, 'queued', 0])
    assert.equal('text' in resent.body, false)
    await app.app.runJobs()
    assert.equal((await mail()).status, 'sent')
  }
  const ids = server.received.map(message => headerOf(message, 'message-id'))
  assert.deepEqual(ids, [`<${id}@understudy>`, `<${id}@understudy>`], 'it is known as the same')
  assertProblem(await operator.post('/mails/none/resend'), 404, 'notFound')
})

test('a mail whose id no store could keep is not found', async t => {
  const server = await startMailServer(t)
  const { app, operator } = await start(server.settings)
  for (const id of ['%00', 'a%00b']) {
    assertProblem(await operator.get(`/mails/${id}`), 404, 'notFound')
    assertProblem(await operator.post(`/mails/${id}/resend`), 404, 'notFound')
  }
  assert.deepEqual(
    app.log.filter(({ level }) => level === 'error'),
    [],
  )
})

test('a mail that fails holds no other up, and arrives once its way is free', async t => {
  const server = await startMailServer(t)
  server.refused.add('nina@acme.test')
  const { app, operator, invite, mail } = await start(server.settings)
  await invite('nina@acme.test')
  await operator.post('/aftership/accounts', { email: 'second@acme.test' })
  app.clock.advance(SECOND)
  await invite('second@acme.test')
  await app.app.runJobs()
  assert.deepEqual(
    server.received.map(({ to }) => to),
    [['second@acme.test']],
  )
  assert.equal((await mail()).status, 'sent')

  server.refused.clear()
  app.clock.advance(MINUTE)
  await app.app.runJobs()
  assert.deepEqual(
    server.received.map(({ to }) => to),
    [['second@acme.test'], ['nina@acme.test']],
  )
})

test('a name cannot smuggle a header or a recipient into a mail', async t => {
  const server = await startMailServer(t)
  const { app, operator, invite } = await start(server.settings)
  const name = 'Acme\r\nBcc: evil@else.test\r\n\r\nHello'
  await operator.patch('/aftership/organizations/org_acme', { name })
  await invite('nina@acme.test')
  await app.app.runJobs()
  const [message] = server.received
  assert.ok(message)
  assert.deepEqual(message.to, ['nina@acme.test'])
  assert.equal(headerOf(message, 'bcc'), undefined)
  assert.match(message.text, /^You have been invited/)
})

test('without an SMTP server a mail is held to be read, and cannot be sent', async () => {
  const app = await startApp(ACME)
  const operator = operatorOf(app)
  await operator.post('/aftership/organizations/org_acme/memberships', { email: 'nina@acme.test', role: 'member' })
  app.clock.advance(HOUR)
  await app.app.runJobs()
  const [mail] = await walk(operator, '/mails', 200)
  assert.deepEqual([mail?.status, mail?.attempts], ['held', 0])
  assert.match(String((await operator.get(`/mails/${mail?.id}`)).body.text), /\/invitations\/aftership\//)
  assertProblem(await operator.post(`/mails/${mail?.id}/resend`), 409, 'conflict')
})

test('a mail server that hangs blocks no request, and counts as a failure', async t => {
  const server = await startSilentServer(t)
  const { app, operator, invite, mail } = await start(server.settings)
  await invite('nina@acme.test')
  let done = false
  const jobs = app.app.runJobs().then(() => {
    done = true
  })
  await server.connected()
  for (const { status } of [
    await operator.get('/events'),
    await operator.post('/aftership/accounts', { email: 'meanwhile@acme.test' }),
    await invite('meanwhile@acme.test'),
  ]) {
    assert.ok(status < 300)
  }
  assert.equal(done, false)
  server.hangUp()
  await jobs
  const mails = await walk(operator, '/mails?to=nina@acme.test', 200)
  assert.deepEqual(
    mails.map(({ status, attempts }) => [status, attempts]),
    [['queued', 1]],
  )
  assert.equal((await mail()).status, 'queued')
})

/** A mail to Nina that was refused with these words before its text was sent. */
async function refuse(t: TestContext, words: string) {
  const server = await startSmtp()
  t.after(server.close)
  server.set({ stage: 'MAIL', act: socket => void socket.write(words) })
  const scene = await start(server.settings)
  await scene.invite('nina@acme.test')
  await scene.app.app.runJobs()
  return { ...scene, server, lines: scene.app.log.filter(({ msg }) => msg === 'mail not sent') }
}

test('a refusal that no store takes as text counts all the same, and the mail arrives later', async t => {
  const { app, mail, server } = await refuse(t, '550 no\0body\r\n')
  const { status, attempts, lastError } = await mail()
  assert.deepEqual([status, attempts], ['queued', 1])
  assert.match(String(lastError), /550 no body$/)
  server.set(undefined)
  app.clock.advance(MINUTE)
  await app.app.runJobs()
  assert.equal((await mail()).status, 'sent')
})

test('a refusal of half a megabyte takes no more of the log than another', async t => {
  const { lines } = await refuse(t, `554 ${'x'.repeat(500_000)}\r\n`)
  assert.equal(String(lines[0]?.reason).length, 500)
})

test('a mail server that never ends its answer is left when the server stops', async t => {
  const server = await startSmtp()
  t.after(server.close)
  const [connected, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  server.set({
    stage: 'MAIL',
    act(socket) {
      // As long as it talks no silence is too long.
      const talk = setInterval(() => socket.write('250-and\r\n'), SECOND)
      socket.on('close', () => {
        clearInterval(talk)
        left.resolve()
      })
      connected.resolve()
    },
  })
  const { app, invite } = await start(server.settings)
  await invite('nina@acme.test')
  await app.app.listen()
  await connected.promise
  await app.app.close()
  await left.promise
})

/** An app without a mail server, and a mail of each status there is. */
async function withMails(retentionDays: number) {
  const app = await startApp('', { retentionDays })
  const ctx = { ...app.app.context, settings: { ...app.app.context.settings, smtp: true } }
  for (const status of ['sent', 'failed', 'held', 'queued'] as const) {
    const mail = { to: `${status}@acme.test`, subject: 'Hello', text: 'Hello' }
    await withTransaction(ctx, PRINCIPAL, tx => outbox.enqueue(tx, PRINCIPAL, mail))
    await ctx.db.updateTable('mails').set({ status }).where('recipient', '=', mail.to).execute()
  }
  const list = async () => (await outbox.list(ctx, undefined, { limit: 100 })).items
  return {
    ...app,
    resend: async (to: string) => {
      const mail = (await list()).find(mail => mail.to === to)
      assert.ok(mail)
      await outbox.resend(ctx, PRINCIPAL, mail.id)
    },
    /** Which statuses there are after so long. */
    async leftAfter(ms: number) {
      app.clock.advance(ms)
      await app.app.runJobs()
      return (await list()).map(({ status }) => status).toSorted()
    },
    warnings: () => app.log.flatMap(({ msg, mails }) => (msg?.startsWith('mails dropped') ? [mails] : [])),
  }
}

test('a mail that was not sent is kept for a week at least, and its loss is logged; others go by the retention time', async () => {
  const { leftAfter, warnings } = await withMails(1)
  assert.deepEqual(await leftAfter(DAY), ['failed', 'held', 'queued', 'sent'])
  assert.deepEqual(await leftAfter(1), ['held', 'queued'])
  assert.deepEqual(await leftAfter(6 * DAY - 1), ['held', 'queued'])
  assert.deepEqual(warnings(), [])
  assert.deepEqual(await leftAfter(1), [])
  assert.deepEqual(warnings(), [1])
})

test('a mail that is put in the queue again is not forgotten before it is sent', async () => {
  const { leftAfter, resend, warnings } = await withMails(30)
  assert.deepEqual(await leftAfter(30 * DAY), ['failed', 'held', 'queued', 'sent'])
  await resend('failed@acme.test')
  assert.deepEqual(await leftAfter(1), ['queued'])
  assert.deepEqual(warnings(), [1])
  assert.deepEqual(await leftAfter(30 * DAY), [])
})
