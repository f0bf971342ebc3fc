// The short form of `npm run torture -- secrets`, on both engines: a life with every kind of secret and its search, every
// byte of signed requests and tokens changed, and what is done for who guesses.

import assert from 'node:assert/strict'
import crypto, { generateKeyPairSync } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { StatementSync } from 'node:sqlite'
import test from 'node:test'
import pg from 'pg'
import * as credentials from '../src/platform/credentials/credentials.ts'
import { Findings } from '../torture/findings.ts'
import { Random } from '../torture/random.ts'
import { readEverything } from '../torture/secrets/crawl.ts'
import { flipSigned, flipText, SIGNED_REQUESTS } from '../torture/secrets/flips.ts'
import { Search } from '../torture/secrets/leaks.ts'
import { Ledger } from '../torture/secrets/ledger.ts'
import { end, live, misplace } from '../torture/secrets/life.ts'
import { isNamed, withoutValues } from '../torture/secrets/places.ts'
import { startIndiscreet } from '../torture/secrets/stand-ins.ts'
import { Transcript } from '../torture/secrets/wire.ts'
import { basic, clientPost, OAUTH_SEED } from './aftership.oauth.browser.ts'
import { BASE, M, seedOf } from './aftership.support.ts'
import { ACME } from './memberstack.client.support.ts'
import { callClient, keys, okClient, PASSWORD } from './memberstack.support.ts'
import { OPERATOR_TOKEN, operatorOf } from './operator.ts'
import { MINUTE, SECOND, startApp, type TestApp } from './support.ts'

const SEED = 26
const OPERATOR = `
webhooks: { allowPrivateAddresses: true }
control: { tokens: [{ name: operator, scope: admin, token: ${OPERATOR_TOKEN} }] }
`

function transcriptOf({ request }: TestApp): Transcript {
  return new Transcript(async ({ method, path, headers, body }) => {
    const options = { method: method as 'GET', url: path, headers: headers ?? {} }
    const reply = await request(body === undefined ? options : { ...options, payload: body })
    const named = Object.entries(reply.headers).map(([name, value]) => [name, String(value)])
    return { status: reply.statusCode, headers: Object.fromEntries(named), body: reply.body }
  })
}

test('no secret of a full life is in an answer, an event, the log, the metrics, a webhook or the store', async t => {
  const app = await startApp(OPERATOR, { trustProxy: true, logLevel: 'trace' })
  const standIn = await startIndiscreet()
  t.after(standIn.close)
  const town = {
    wire: transcriptOf(app),
    ledger: new Ledger(),
    random: new Random(SEED),
    token: OPERATOR_TOKEN,
    receivers: [`${standIn.url}/taken`, `${standIn.url}/failing`],
    stripe: standIn.url,
    tick: () => app.clock.advance(1),
  }
  town.ledger.add('control token', OPERATOR_TOKEN)
  const tenants = await live(town)
  await misplace(town, tenants, 1)
  await end(town, tenants)
  await app.app.runJobs()
  app.clock.advance(MINUTE)
  await app.app.runJobs()
  assert.ok((await readEverything(town)) > 200)
  const metrics = await town.wire.send({ method: 'GET', path: '/metrics' })

  const findings = new Findings()
  const search = new Search(town.ledger, findings)
  search.answers(town.wire.answers)
  search.places('log', [{ name: 'all', bytes: Buffer.from(app.log.map(line => JSON.stringify(line)).join('\n')) }])
  search.places('metrics', [{ name: 'all', bytes: withoutValues(metrics.body) }])
  search.places(
    'webhooks',
    standIn.got.map(body => ({ name: 'a body', bytes: Buffer.from(body), mayHold: isNamed })),
  )
  const { db } = app.app.context
  for (const { name } of await db.introspection.getTables()) {
    const rows = await db
      .selectFrom(name as 'events')
      .selectAll()
      .execute()
    const names = /^webhook_(deliveries|attempts)$/.test(name) ? { mayHold: isNamed } : {}
    search.places('store', [{ name, bytes: Buffer.from(JSON.stringify(rows)), ...names }])
  }
  assert.deepEqual(findings.outcome().failures, [])
  const { counts } = findings.outcome()
  assert.ok(town.ledger.kinds().size > 25 && Number(counts['answers searched']) > 350, JSON.stringify(counts))
})

test('a change of any byte of a signed request is refused, but for what the contract leaves out', async () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const [hmac, rsa] = ['a hmac key of the torture', 'an rsa key of the torture'].map(name => name.replaceAll(' ', '_'))
  const secret = 'a secret to sign with'
  const signing = [
    { name: 'hmac', mode: 'hmac', key: hmac, secret },
    { name: 'rsa', mode: 'rsa', key: rsa, publicKey: pem },
  ]
  const organization = { id: 'org', name: 'Org', rateLimit: { perSecond: 1_000_000 }, keys: signing }
  const app = await startApp(seedOf(organization))
  const origin = await app.app.listen()
  const findings = new Findings()
  const random = new Random(SEED)
  const target = { origin, now: () => app.clock.now(), findings }
  await flipSigned(target, { mode: 'hmac', key: String(hmac), secret }, SIGNED_REQUESTS.slice(1, 3), random)
  const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  await flipSigned(target, { mode: 'rsa', key: String(rsa), secret: privateKey }, SIGNED_REQUESTS.slice(2, 3), random)
  assert.deepEqual(findings.outcome().failures, [])
  assert.ok(Number(findings.outcome().counts['single bits of signed requests changed']) > 1000)
  await app.assertEvents()
})

test('a change of any byte of a member token is refused, and of its last character any bit', async () => {
  const app = await startApp(ACME, { now: '2026-03-04T09:30:00.000Z' })
  const { tokens } = await okClient(app, 'POST', '/auth/signup', { body: { email: 'a@b.example', password: PASSWORD } })
  const findings = new Findings()
  const opens = async (token: string) => {
    // A second apart: the limit on requests is not the question.
    app.clock.advance(SECOND)
    const reply = await app.request({
      method: 'POST',
      url: '/members/verify-token',
      headers: { 'x-api-key': keys.acme, 'content-type': 'application/json' },
      payload: JSON.stringify({ token }),
    })
    assert.ok([200, 400].includes(reply.statusCode), reply.body)
    return reply.statusCode === 200
  }
  const token: string = tokens.accessToken
  await flipText({ findings, bits: new Random(SEED) }, 'a member token', token, opens)
  const last = token.slice(-1)
  await flipText({ findings, bits: 'all' }, 'its last character', last, end => opens(token.slice(0, -1) + end))
  assert.deepEqual(findings.outcome().failures, [])
  const other = await callClient(app, 'GET', '/member', { token: `${token.slice(0, -1)}${last === 'A' ? 'B' : 'A'}` })
  assert.equal(other.body.data, null)
})

/** How many statements the store got, of either engine, while `work` was done. */
async function statementsOf(work: () => Promise<unknown>): Promise<number> {
  let count = 0
  const undo = [
    ...(['all', 'get', 'run', 'iterate'] as const).map(name => [StatementSync.prototype, name] as const),
    [pg.Client.prototype, 'query'] as const,
  ].map(([prototype, name]) => {
    const original = Reflect.get(prototype, name) as (...args: unknown[]) => unknown
    const counted = function (this: unknown, ...args: unknown[]) {
      count++
      return original.apply(this, args)
    }
    Reflect.set(prototype, name, counted)
    return () => Reflect.set(prototype, name, original)
  })
  try {
    await work()
  } finally {
    for (const back of undo) back()
  }
  return count
}

const TRIES = 3

/** The server looks now and then what other nodes did, whatever it is asked: not in each of some tries. */
async function leastOf(count: () => Promise<number>): Promise<number> {
  const counts: number[] = []
  while (counts.length < TRIES) counts.push(await count())
  return Math.min(...counts)
}

test('an unknown credential and a wrong one take the same work: statements, and passwords hashed', async () => {
  const app = await startApp(ACME)
  const email = 'known@b.example'
  await okClient(app, 'POST', '/auth/signup', { body: { email, password: PASSWORD } })
  let verified = 0
  const { passwords } = app.app.context
  const verify = passwords.verify
  passwords.verify = (password, stored) => {
    verified++
    return verify(password, stored)
  }
  const login = (who: string) => async () => {
    app.clock.advance(SECOND)
    const { status } = await callClient(app, 'POST', '/auth/login', { body: { email: who, password: 'wrong one' } })
    assert.equal(status, 401)
  }
  const get = (url: string, headers: Record<string, string>) => async () => {
    app.clock.advance(SECOND)
    assert.ok([401, 403].includes((await app.request({ url, headers })).statusCode))
  }
  const key = keys.acme
  const pairs = [
    ['logins', login('nobody@b.example'), login(email)],
    [
      'Memberstack keys',
      get('/members', { 'x-api-key': `sk_sb_${'x'.repeat(key.length - 6)}` }),
      get('/members', { 'x-api-key': `${key.slice(0, -1)}!`.replace('!', 'x') }),
    ],
    [
      'control tokens',
      get('/understudy/v1/keys', { authorization: 'Bearer ust_nobody' }),
      get('/understudy/v1/keys', { authorization: `Bearer ${OPERATOR_TOKEN.slice(0, -1)}x` }),
    ],
  ] as const
  for (const [name, unknown, wrong] of pairs) {
    // Once before: what is loaded and compiled at first is no work of theirs.
    for (const attempt of [unknown, wrong]) await attempt()
    const before = verified
    const one = await leastOf(() => statementsOf(unknown))
    const between = verified
    const other = await leastOf(() => statementsOf(wrong))
    assert.equal(one, other, `${name}: statements`)
    assert.equal(between - before, verified - between, `${name}: passwords verified`)
    assert.equal(between - before, name === 'logins' ? TRIES : 0)
  }
})

test('an OAuth client that nobody knows takes the statements of one with a wrong secret', async () => {
  const app = await startApp(OAUTH_SEED)
  const revoke = (client: string, secret: string) => async () => {
    app.clock.advance(SECOND)
    const { statusCode } = await clientPost(app, 'revoke', { token: 'unknown' }, basic(client, secret))
    assert.equal(statusCode, 401)
  }
  const [unknown, wrong] = [revoke('nobody', 'partner_secret'), revoke('partner_app', 'partner_secre')]
  for (const attempt of [unknown, wrong]) await attempt()
  assert.equal(await leastOf(() => statementsOf(unknown)), await leastOf(() => statementsOf(wrong)))
})

const DISABLED = {
  aftership: `as_${'d'.repeat(32)}`,
  easypost: `EZAK${'d'.repeat(32)}`,
  memberstack: `sk_sb_${'d'.repeat(32)}`,
}
const SIGNING = { hmac: `as_${'h'.repeat(32)}`, rsa: `as_${'r'.repeat(32)}`, disabled: `as_${'e'.repeat(32)}` }

/** An app with a key of each vendor that is disabled, and AfterShip keys that sign, one of them disabled too. */
async function appWithDisabledKeys(): Promise<TestApp> {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' })
  const shopKeys = [
    { name: 'disabled', mode: 'api_key', key: DISABLED.aftership },
    { name: 'disabled', mode: 'hmac', key: SIGNING.disabled, secret: 'one to sign with' },
    { name: 'hmac', mode: 'hmac', key: SIGNING.hmac, secret: 'another to sign with' },
    { name: 'rsa', mode: 'rsa', key: SIGNING.rsa, publicKey },
  ]
  const seed = {
    aftership: { organizations: [{ name: 'Shop', keys: shopKeys }] },
    easypost: { users: [{ name: 'P', email: 'a@b.example', keys: { production: DISABLED.easypost } }] },
    memberstack: { apps: [{ name: 'Club', keys: { sandboxSecret: DISABLED.memberstack } }] },
    control: { tokens: [{ name: 'operator', scope: 'admin', token: OPERATOR_TOKEN }] },
  }
  const app = await startApp(JSON.stringify(seed))
  for (const key of [SIGNING.disabled, ...Object.values(DISABLED)]) {
    const credential = await credentials.find(app.app.context, key)
    assert.equal((await operatorOf(app).post(`/keys/${credential?.id}/disable`)).status, 200)
  }
  return app
}

test('a disabled key takes the statements of an unknown one', async () => {
  const app = await appWithDisabledKeys()
  const places = [
    [DISABLED.aftership, `${BASE}/roles`, 'as-api-key', ''],
    [DISABLED.easypost, '/v2/users', 'authorization', 'Bearer '],
    [DISABLED.memberstack, '/members', 'x-api-key', ''],
  ] as const
  for (const [disabled, url, header, prefix] of places) {
    const get = (key: string) => async () => {
      app.clock.advance(SECOND)
      assert.ok([401, 403].includes((await app.request({ url, headers: { [header]: prefix + key } })).statusCode))
    }
    // Once before: from then on it is remembered.
    await get(disabled)()
    const unknown = await leastOf(() => statementsOf(get(`${disabled.slice(0, -1)}x`)))
    assert.ok(unknown > 0)
    assert.equal(await leastOf(() => statementsOf(get(disabled))), unknown, url)
  }
})

/** What was computed while `work` was done: hashes of bodies, HMACs under secrets, and RSA verifications. */
async function verifyingOf(work: () => Promise<unknown>): Promise<{ md5: number; hmac: number; rsa: number }> {
  const counts = { md5: 0, hmac: 0, rsa: 0 }
  const { createHash, createHmac, verify } = crypto
  crypto.createHash = (algorithm, ...rest) => {
    if (algorithm === 'md5') counts.md5++
    return createHash(algorithm, ...rest)
  }
  crypto.createHmac = (algorithm, key, ...rest) => {
    // Our own keys are no texts.
    if (typeof key === 'string') counts.hmac++
    return createHmac(algorithm, key, ...rest)
  }
  crypto.verify = ((...args: Parameters<typeof verify>) => {
    counts.rsa++
    return verify(...args)
  }) as typeof verify
  syncBuiltinESMExports()
  try {
    await work()
  } finally {
    Object.assign(crypto, { createHash, createHmac, verify })
    syncBuiltinESMExports()
  }
  return counts
}

test('a signature takes the same work whatever is wrong with its key, and a key alone takes none', async () => {
  const app = await appWithDisabledKeys()
  const date = new Date(app.clock.now()).toUTCString()
  const hmac = { 'as-signature-hmac-sha256': Buffer.alloc(32, 1).toString('base64') }
  const rsa = { 'as-signature-rsa-sha256': Buffer.alloc(256, 1).toString('base64') }
  const post = (key: string, signatures: object) => async () => {
    const headers = { 'as-api-key': key, date, 'content-type': 'text/plain', ...signatures }
    const reply = await app.request({ method: 'POST', url: `${M}?b=1&a=%2B`, headers, payload: 'a body' })
    assert.equal(reply.statusCode, 401)
  }
  for (const signatures of [hmac, rsa, { ...hmac, ...rsa }, {}]) {
    const unknown = await verifyingOf(post('as_nobody', signatures))
    const isSigned = 'as-signature-hmac-sha256' in signatures || 'as-signature-rsa-sha256' in signatures
    assert.equal(unknown.md5, isSigned ? 1 : 0)
    assert.equal(unknown.hmac > 1, 'as-signature-hmac-sha256' in signatures)
    assert.equal(unknown.rsa > 1, 'as-signature-rsa-sha256' in signatures)
    for (const [name, key] of [...Object.entries(SIGNING), ['api_key, disabled', DISABLED.aftership] as const]) {
      // Once before: from then on it is remembered.
      await post(key, signatures)()
      const what = `${name}: ${Object.keys(signatures)}`
      assert.deepEqual(await verifyingOf(post(key, signatures)), unknown, what)
      const statements = await leastOf(() => statementsOf(post('as_nobody', signatures)))
      assert.equal(await leastOf(() => statementsOf(post(key, signatures))), statements, what)
    }
  }
  await app.assertEvents('credential.disabled', 'credential.disabled', 'api_key.disabled', 'credential.disabled')
})
