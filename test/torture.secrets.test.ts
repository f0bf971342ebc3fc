// The short form of `npm run torture -- secrets`, on both engines: a life with every kind of secret and its search, every
// byte of signed requests and tokens changed, and what is done for who guesses.

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { StatementSync } from 'node:sqlite'
import test from 'node:test'
import pg from 'pg'
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
import { seedOf } from './aftership.support.ts'
import { ACME } from './memberstack.client.support.ts'
import { callClient, keys, okClient, PASSWORD } from './memberstack.support.ts'
import { OPERATOR_TOKEN } from './operator.ts'
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
    search.places('store', [{ name, bytes: Buffer.from(JSON.stringify(rows)), mayHold: isNamed }])
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
