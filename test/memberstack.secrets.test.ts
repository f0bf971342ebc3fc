// Memberstack's secrets are shown once or never: no key, signing secret, Stripe key, password, member token or mailed
// code comes back in a read, an event, an error, the log or the store.

import assert from 'node:assert/strict'
import test from 'node:test'
import { codeIn, mailedCode } from './memberstack.client.support.ts'
import { ACME } from './memberstack.control.support.ts'
import {
  acme,
  ada,
  type Call,
  call,
  callClient,
  control,
  type Json,
  type Method,
  ok,
  okClient,
  plans,
  seedOf,
} from './memberstack.support.ts'
import { operatorOf, walk } from './operator.ts'
import { startReceiver } from './receiver.ts'
import { HOUR, MINUTE, startApp } from './support.ts'

const PINNED = {
  sandboxSecret: 'sk_sb_pinned_secret_of_the_seed',
  liveSecret: 'sk_pinned_secret_of_the_seed',
  sandboxPublic: 'pk_sb_pinned_of_the_seed',
  livePublic: 'pk_pinned_key_of_the_seed',
}
const STRIPE = { seed: 'sk_test_pinned_stripe_key', given: 'rk_live_stripe_key_that_was_given' }
const WEBHOOK = {
  seed: `whsec_${'SeedSeedSeedSeedSeedSeedSeedSeed'}`,
  given: `whsec_${'GivenGivenGivenGivenGivenGiven+/'}`,
}
const PASSWORDS = ['password of the seed 1', 'password of sign-up 2', 'password that was set 3', 'password by reset 4']
const [SEEDED = '', SIGNED_UP = '', CHANGED = '', RESET = ''] = PASSWORDS

const receiver = await startReceiver()
const app = await startApp(
  seedOf({
    ...acme,
    keys: PINNED,
    stripe: { sandbox: { secretKey: STRIPE.seed, apiBase: 'http://127.0.0.1:9' } },
    webhooks: [{ url: receiver.url, environment: 'sandbox', secret: WEBHOOK.seed }],
    members: { sandbox: [{ ...ada, password: SEEDED }] },
  }),
)
const operator = operatorOf(app)
const admin: Call = { key: PINNED.sandboxSecret }
const client: Call = { key: PINNED.sandboxPublic }

/** A member's life by the client API; gives every token that was issued. */
async function live(): Promise<string[]> {
  const email = 'bea@acme.example'
  const auth = (path: string, body: object) => okClient(app, 'POST', path, { ...client, body })
  const tokens: string[] = []
  const signIn = async (path: string, body: object) => {
    const { accessToken } = (await auth(path, body)).tokens
    tokens.push(accessToken)
    return { ...client, token: accessToken }
  }
  await signIn('/auth/login', { email: ada.email, password: SEEDED })
  const asBea = await signIn('/auth/signup', { email, password: SIGNED_UP, plans: [{ planId: plans.free.id }] })
  const body = { oldPassword: SIGNED_UP, newPassword: CHANGED }
  await okClient(app, 'POST', '/member-auth', { ...asBea, body })
  await signIn('/auth/passwordless/login', { email, passwordlessToken: await mailed('login', email) })
  const newPassword = RESET
  const token = await mailedCode(app, '/auth/send-reset-password-email', email, client)
  await auth('/auth/reset-password', { token, newPassword })
  const back = await signIn('/auth/login', { email, password: RESET })
  app.clock.advance(1)
  await okClient(app, 'POST', '/auth/send-email-verification', back)
  const [mail] = await app.mailsTo(email)
  await okClient(app, 'POST', '/auth/verify-email', { ...back, body: { token: codeIn(mail?.text ?? '') } })
  const passwordlessToken = await mailed('signup', 'cleo@acme.example')
  await signIn('/auth/signup?isPasswordless=true', { email: 'cleo@acme.example', passwordlessToken })
  await okClient(app, 'POST', '/member/logout', back)
  return tokens

  function mailed(purpose: string, to: string): Promise<string> {
    return mailedCode(app, `/auth/passwordless/${purpose}/send`, to, client)
  }
}

/** Every code that a mail carried, used or not. */
async function codes(): Promise<string[]> {
  for (const path of ['/auth/passwordless/login/send', '/auth/send-reset-password-email']) {
    await mailedCode(app, path, ada.email, client)
  }
  const mails = await Promise.all(['bea', 'cleo', 'ada'].map(name => app.mailsTo(`${name}@acme.example`)))
  return mails.flat().map(({ text }) => codeIn(text))
}

/** Makes keys, signing secrets and a Stripe connection in the control API; gives what was shown once. */
async function makeSecrets(): Promise<string[]> {
  const shown: string[] = []
  for (const kind of ['secret', 'public']) {
    for (const environment of ['sandbox', 'live']) {
      shown.push((await control(app, 'POST', `${ACME}/keys`, { kind, environment })).apiKey)
    }
  }
  await control(app, 'PUT', `${ACME}/stripe/live`, { secretKey: STRIPE.given })
  const made = await control(app, 'POST', `${ACME}/webhooks`, { url: receiver.url, environment: 'live' })
  shown.push(made.secret)
  await control(app, 'PATCH', `${ACME}/webhooks/${made.id}`, { secret: WEBHOOK.given })
  await control(app, 'POST', '/memberstack/signing-keys/rotate')
  await ok(app, 'DELETE', `/members/${ada.id}`, admin)
  await app.app.runJobs()
  app.clock.advance(MINUTE)
  await app.app.runJobs()
  return shown
}

/** Sends a secret wherever something else belongs. No answer to it holds it, but for the path of what is nowhere. */
async function misuse(secret: string): Promise<void> {
  app.clock.advance(HOUR)
  const encoded = encodeURIComponent(secret)
  const answers: { status: number; body: unknown }[] = []
  const send = async (method: Method, path: string, options: Call) => {
    answers.push(await call(app, method, path, options))
  }
  for (const key of [secret, null]) {
    await send('GET', '/members', { key, headers: { authorization: `Bearer ${secret}` } })
    await send('GET', '/app', { key, token: encoded, origin: 'https://page.test' })
  }
  await send('GET', `/members?order=${encoded}&x=${encoded}`, admin)
  await send('GET', `/members/${encoded}`, admin)
  await send('POST', '/members/verify-token', { ...admin, body: { token: [secret] } })
  await send('POST', '/members', { ...admin, body: { email: secret, password: secret.slice(0, 7) } })
  await send('POST', '/members', {
    ...admin,
    body: { email: 'x@y.test', password: secret, plans: [{ planId: secret }] },
  })
  await send('POST', '/members', { ...admin, body: `{"password":"${secret}"` })
  await send('PATCH', `/members/${encoded}`, { ...admin, body: { verified: secret, json: secret } })
  await send('POST', `/members/${ada.id}/add-plan`, { ...admin, body: { planId: secret } })
  for (const body of [
    { email: 'bea@acme.example', password: secret },
    { email: secret, password: secret },
    { email: 'bea@acme.example', password: [secret] },
  ]) {
    await send('POST', '/auth/login', { ...client, body, token: encoded })
  }
  await send('POST', '/auth/passwordless/login', {
    ...client,
    body: { email: 'bea@acme.example', passwordlessToken: secret },
  })
  await send('POST', '/auth/reset-password', { ...client, body: { token: secret, newPassword: 'short' } })
  await send('GET', '/member', { ...client, token: encoded })
  await send('POST', '/member/json', { ...client, token: encoded, body: { json: secret } })
  await send('GET', `/app/plans/${encoded}`, client)
  for (const [method, path, body] of [
    ['GET', `/memberstack/apps/${encoded}`],
    ['GET', `${ACME}/members/${encoded}`],
    ['GET', `${ACME}/members?environment=${encoded}`],
    ['GET', `/keys/${encoded}`],
    ['POST', '/memberstack/apps', { name: 'A', id: secret }],
    ['POST', `${ACME}/keys`, { kind: 'secret', environment: 'live', key: secret }],
    ['POST', `${ACME}/keys`, { kind: secret, environment: 'live', holder: secret }],
    ['PUT', `${ACME}/stripe/sandbox`, { secretKey: `${secret}!` }],
    ['PUT', `${ACME}/stripe/sandbox`, { secretKey: 'sk_test_x', apiBase: secret }],
    ['POST', `${ACME}/webhooks`, { url: secret, environment: 'live', secret }],
    ['POST', `${ACME}/webhooks`, { url: 'https://a.test', environment: 'live', secret: `${secret}=` }],
    ['PATCH', `${ACME}/members/${ada.id}`, { permissions: secret, password: secret }],
  ] as const) {
    answers.push(await operator.call(method, path, body))
  }
  for (const { status, body } of answers) {
    assert.ok(status !== 500, JSON.stringify(body))
    if (!String(Object(body).message).startsWith('Cannot '))
      assert.ok(!JSON.stringify(body).includes(secret), JSON.stringify(body))
  }
  await callClient(app, 'GET', `/member/${encoded}?token=${encoded}`, client)
  await app.request({ url: `/${encoded}?token=${encoded}`, headers: { cookie: `_ms-mid=${encoded}` } })
}

/** Everything that the control API lets an operator read of Memberstack, but for the texts of mails. */
async function everythingToRead(): Promise<[path: string, text: string][]> {
  const reply = await app.request({ url: '/openapi/control.json' })
  const routes = Object.entries(reply.json<{ paths: Record<string, object> }>().paths)
    .filter(([, operations]) => 'get' in operations)
    .map(([path]) => path.replace('/understudy/v1', '').replace('/apps/{app}', `/apps/${acme.id}`))
    .filter(path => /^\/(events|keys|mails|memberstack)\b/.test(path))
  const read: [string, string][] = []
  const look = async (path: string) => {
    const { status, body } = await operator.get(path)
    assert.equal(status, 200, path)
    read.push([path, JSON.stringify(body)])
  }
  for (const route of routes.filter(path => !path.includes('{'))) {
    if (route === ACME) {
      await look(route)
      continue
    }
    for (const query of route.endsWith('/members')
      ? ['?environment=sandbox', '?environment=sandbox&state=deleted']
      : ['']) {
      const items = await walk<Json>(operator, route + query, 200)
      assert.ok(items.length > 0, `${route} has something to show`)
      read.push([route + query, JSON.stringify(items)])
      const below = routes.filter(path => path.startsWith(`${route}/{id}`) && !path.startsWith('/mails'))
      for (const path of below) for (const { id } of items) await look(path.replace('{id}', id))
    }
  }
  for (const environment of ['sandbox', 'live']) await look(`${ACME}/stripe/${environment}`)
  return read
}

const tokens = await live()
const mailedCodes = await codes()
const made = await makeSecrets()
const secrets = [
  ...Object.values(PINNED),
  ...Object.values(STRIPE),
  ...Object.values(WEBHOOK),
  ...PASSWORDS,
  ...tokens,
  ...made,
]
for (const secret of secrets) await misuse(secret)
for (const code of mailedCodes) await misuse(code)

/** The part of a secret that is not the same for all of its kind. */
function core(secret: string): string {
  return secret.replace(/^([sp]k_(sb_|live_|test_)?|rk_live_|whsec_)/, '')
}

/** A code of six digits by itself: inside an id or a time it means nothing. */
function shows(text: string, code: string): boolean {
  return new RegExp(`(?<![0-9A-Za-z.])${code}(?![0-9A-Za-z])`).test(text)
}

function assertShowsNone(what: string, text: string): void {
  for (const secret of secrets) assert.ok(!text.includes(core(secret)), `${what} shows ${secret}`)
  for (const code of mailedCodes) assert.ok(!shows(text, code), `${what} shows the code ${code}`)
}

test('there are secrets of every kind', () => {
  assert.equal(new Set(secrets).size, secrets.length)
  for (const secret of secrets) assert.ok(core(secret).length >= 16, secret)
  assert.equal(tokens.length, 5)
  assert.ok(mailedCodes.length >= 6)
  assert.ok(receiver.requests.length > 3)
})

test('no read and no event shows one', async () => {
  const read = await everythingToRead()
  assert.ok(read.length > 40)
  for (const [path, text] of read) assertShowsNone(path, text)
})

test('no line of the log shows one, however it was sent', () => {
  assert.ok(app.log.length > 500, 'there is a log')
  assertShowsNone('the log', app.log.map(line => JSON.stringify(line)).join('\n'))
})

test('no webhook tells one', () => {
  assertShowsNone('a webhook', JSON.stringify(receiver.requests))
})

test('the store holds none in clear, but for the texts of mails', async () => {
  const { db } = app.app.context
  const tables = (await db.introspection.getTables()).map(({ name }) => name).filter(name => name !== 'mails')
  assert.ok(tables.includes('memberstack_codes') && tables.includes('webhook_attempts'))
  for (const table of tables) {
    const rows = await db
      .selectFrom(table as 'events')
      .selectAll()
      .execute()
    assertShowsNone(table, JSON.stringify(rows))
  }
})

test('metrics and documents show none', async () => {
  for (const url of ['/metrics', '/openapi/memberstack.json', '/docs/memberstack', '/jwks']) {
    assertShowsNone(url, (await app.request({ url })).body)
  }
})
