// `understudy doctor` on whom the server talks to: receivers of webhooks, the mail server, and its own port.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import test, { type TestContext } from 'node:test'
import { sql } from 'kysely'
import { SMTPServer } from 'smtp-server'
import type { App } from '../src/app.ts'
import * as endpoints from '../src/platform/events/endpoints.ts'
import { linesOf, operator, startPatient } from './doctor.support.ts'
import { startReceiver } from './receiver.ts'
import { SECOND } from './support.ts'

const cert = readFileSync(new URL('./fixtures/tls-cert.pem', import.meta.url))
const key = readFileSync(new URL('./fixtures/tls-key.pem', import.meta.url))
const allowed = { webhooks: { allowPrivateAddresses: true } }

test('a receiver that is there is reached, and is told nothing; one that is gone is a failure', async () => {
  const { app, said } = await startPatient(undefined, allowed)
  const receiver = await startReceiver()
  await endpoints.register(app.context, operator, { url: `${receiver.url}/secret-path` })
  assert.deepEqual(await said('webhooks'), [['ok', '1 enabled endpoint, all of them reached']])
  assert.deepEqual(receiver.requests, [])
  await receiver.close()
  const [gone] = await said('webhooks')
  const name = `aftership/org_acme endpoint [0-9a-f]{32} at 127\\.0\\.0\\.1:${receiver.port}`
  assert.match(gone?.join(' ') ?? '', new RegExp(`^failure ${name} is not reached: .*ECONNREFUSED`))
  assert.doesNotMatch(gone?.[1] ?? '', /secret-path/)
})

/** Registers so many endpoints: over several tenants, as one may not have them all. */
async function registerMany(app: App, count: number, url: string): Promise<void> {
  for (let n = 0; n < count; n++) {
    await endpoints.register(app.context, { ...operator, tenant: `org_${n % 40}` }, { url })
  }
}

test('every receiver is looked at, however many there are', async () => {
  const { app, said } = await startPatient(undefined, allowed)
  const receiver = await startReceiver()
  await registerMany(app, 120, receiver.url)
  assert.deepEqual(await said('webhooks'), [['ok', '120 enabled endpoints, all of them reached']])
  const gone = await startReceiver()
  await gone.close()
  await endpoints.register(app.context, operator, { url: gone.url })
  const [line, ...others] = await said('webhooks')
  const name = `aftership/org_acme endpoint [0-9a-f]{32} at 127\\.0\\.0\\.1:${gone.port}`
  assert.match(line?.join(' ') ?? '', new RegExp(`^failure ${name} is not reached: `))
  assert.deepEqual(others, [])
  assert.deepEqual(receiver.requests, [])
})

test('where the time is over before all receivers were looked at, it is said how many were', async () => {
  const { app, clock, said } = await startPatient(undefined, allowed)
  const receiver = await startReceiver()
  await registerMany(app, 60, `http://hooks.acme.test:${receiver.port}/`)
  // Each look begun at once asks, and is answered when there is no time for another.
  let asked = 0
  const all = Promise.withResolvers<void>()
  const lookup = async () => {
    if (++asked === 50) {
      clock.advance(6 * SECOND)
      all.resolve()
    }
    await all.promise
    return [{ address: '127.0.0.1', family: 4 }]
  }
  assert.deepEqual(await said('webhooks', { lookup }), [
    ['warning', '50 of 60 enabled endpoints were looked at before the time was over'],
  ])
})

test('addresses that webhooks may not go to, names that lead there or nowhere', async () => {
  const { app, said } = await startPatient(undefined, allowed)
  await endpoints.register(app.context, operator, { url: 'http://user:hunter22@hooks.acme.test/' })
  const strict = { config: { webhooks: { allowPrivateAddresses: false } } }
  const cases = [
    [async () => [{ address: '10.0.0.7', family: 4 }], /: refused: 10\.0\.0\.7 is not a public address$/],
    [async () => [], /: the host has no address$/],
    [async () => Promise.reject(new Error('getaddrinfo ENOTFOUND hooks.acme.test')), /: getaddrinfo ENOTFOUND /],
  ] as const
  for (const [lookup, expected] of cases) {
    const [line] = await said('webhooks', { ...strict, lookup: lookup as () => Promise<[]> })
    assert.equal(line?.[0], 'failure')
    assert.match(line?.[1] ?? '', expected)
    assert.doesNotMatch(line?.[1] ?? '', /hunter22/)
  }
})

test('a certificate that nobody vouches for is a failure; disabled endpoints are left alone', async t => {
  const { app, said } = await startPatient(undefined, allowed)
  const server = createHttpsServer({ cert, key }, () => assert.fail('nothing is to be sent')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const { id } = await endpoints.register(app.context, operator, { url: `https://127.0.0.1:${port}/` })
  const [line] = await said('webhooks')
  assert.match(line?.join(' ') ?? '', /^failure .* is not reached: self-signed certificate/)
  await endpoints.disable(app.context, operator, id)
  assert.deepEqual(await said('webhooks'), [['ok', 'no enabled endpoint']])
})

test('deliveries that were not taken are counted', async () => {
  const { app, clock, said } = await startPatient(
    `
aftership:
  accounts: [{ email: owner@acme.test }, { email: jane@acme.test }]
  organizations: [{ id: org_acme, name: Acme, memberships: [{ email: owner@acme.test, role: owner }] }]
`,
    allowed,
  )
  const receiver = await startReceiver()
  const { id } = await endpoints.register(app.context, operator, { url: receiver.url })
  const now = new Date(clock.now()).toISOString()
  for (const status of ['completed', 'failed', 'retrying']) {
    await sql`insert into webhook_deliveries
      (id, vendor, tenant, endpoint_id, event_id, event_type, message_id, body, status, attempts, queued_at, created_at, updated_at)
      values (${status}, 'aftership', 'org_acme', ${id}, 'e', 'thing.made', 'm', '{}', ${status}, 1, ${now}, ${now}, ${now})`.execute(
      app.context.db,
    )
  }
  const [line] = await said('webhooks')
  assert.match(line?.join(' ') ?? '', /^warning .* did not take 2 of the last 3 that were sent to it$/)
})

test('a check that takes too long is a failure, and holds up no other', async () => {
  const { app, look } = await startPatient(undefined, allowed)
  await endpoints.register(app.context, operator, { url: 'http://hooks.acme.test/' })
  const reports = await look({ timeLimitMs: SECOND / 2, lookup: () => new Promise(() => {}) })
  assert.deepEqual(linesOf(reports, 'webhooks'), [['failure', 'not done within 500 ms']])
  assert.deepEqual(linesOf(reports, 'configuration'), [['ok', 'every setting is valid']])
})

async function startMailServer(t: TestContext, options: object) {
  let mails = 0
  const server = new SMTPServer({
    ...options,
    onAuth: ({ password }, _session, done) =>
      password === 'hunter22' ? done(null, { user: 'u' }) : done(new Error(`no ${password}`)),
    onData: (_stream, _session, done) => done(void mails++),
  })
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  t.after(() => new Promise<void>(resolve => server.close(resolve)))
  const { port } = server.server.address() as AddressInfo
  const smtp = (password: string) => ({ url: `smtp://u:${password}@127.0.0.1:${port}`, from: 'a@acme.test' })
  return { smtp, port, mails: () => mails }
}

test('a mail server is signed in to, and gets no mail; a password that it refuses is shown nowhere', async t => {
  const { said, look } = await startPatient()
  const server = await startMailServer(t, { disabledCommands: ['STARTTLS'], allowInsecureAuth: true })
  const place = `127.0.0.1:${server.port}`
  assert.deepEqual(await said('mail', { config: { smtp: server.smtp('hunter22') } }), [
    ['ok', `${place} takes our mails`],
  ])
  // Any address but loopback's own is one that others may listen in on the way to.
  const inClear = { ...server.smtp('hunter22'), url: `smtp://u:hunter22@0.0.0.0:${server.port}` }
  const [plain] = await said('mail', { config: { smtp: inClear } })
  const found = `0.0.0.0:${server.port} takes our mails, and what signs us in, without TLS`
  assert.deepEqual(plain, ['warning', found])
  assert.equal(server.mails(), 0)
  const refused = await look({ config: { smtp: server.smtp('wrong%20pass') } })
  const line = refused.find(({ check }) => check === 'mail')
  assert.match(
    `${line?.level} ${line?.found}`,
    new RegExp(`^failure ${place} does not take our mails: .*535.*\\*\\*\\*`),
  )
  assert.doesNotMatch(JSON.stringify(refused), /wrong( |%20)pass/)
})

test('the port is free, an Understudy’s, somebody else’s, or of no address here', async t => {
  const { app, config, said } = await startPatient()
  const url = new URL(await app.listen())
  const port = Number(url.port)
  const ready = `an Understudy answers on 127.0.0.1:${port}, and is ready`
  assert.deepEqual(await said('port', { config: { port } }), [['ok', ready]])
  assert.deepEqual(await said('port', { config: { port, host: '0.0.0.0' } }), [
    ['ok', ready.replace('127.0.0.1', '0.0.0.0')],
  ])
  app.context.warnings.raise('mail')
  const warned = 'it warns of mail: the last attempt to send one failed; the log says why'
  assert.deepEqual(await said('port', { config: { port } }), [
    ['ok', ready],
    ['warning', warned],
  ])
  await sql`delete from kysely_migration where name like '%-platform'`.execute(app.context.db)
  const [unready] = await said('port', { config: { port } })
  assert.match(unready?.join(' ') ?? '', /^failure an Understudy answers on .* is not ready: migrations are missing/)
  await sql`insert into kysely_migration values ('2026-11-21-platform', '2026-11-21T00:00:00.000Z')`.execute(
    app.context.db,
  )

  const other = createServer(socket => socket.resume().end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')).listen(
    0,
    '127.0.0.1',
  )
  await once(other, 'listening')
  const taken = (other.address() as AddressInfo).port
  const [foreign] = await said('port', { config: { port: taken } })
  assert.deepEqual(foreign, ['failure', `127.0.0.1:${taken} is in use by something that is no Understudy`])
  other.close()
  await once(other, 'close')
  assert.deepEqual(await said('port', { config: { port: taken } }), [['ok', `127.0.0.1:${taken} is free`]])
  const [nowhere] = await said('port', { config: { port: taken, host: '192.0.2.1' } })
  assert.deepEqual(nowhere, ['failure', `192.0.2.1:${taken} is no address of this machine`])
  assert.equal(config.port, 0)
  t.after(() => other.close())
})
