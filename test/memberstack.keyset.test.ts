// Memberstack contract section 9: the key set that verifies tokens alone, and signing keys over rotation and restart.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import {
  ACME,
  acmeSeed,
  assertLive,
  LIFETIME,
  loginToken,
  tokenFor,
  verifyToken,
} from './memberstack.client.support.ts'
import { ada, assertRefused, control, ids, keys, PASSWORD, SEED } from './memberstack.support.ts'
import { fileWith, run, type ServerProcess, serve, temporaryDirectory } from './process.ts'
import { HOUR, SECOND, startApp, type TestApp } from './support.ts'

const ISSUER = 'https://api.memberstack.com'

async function keySet(app: TestApp): Promise<JSONWebKeySet> {
  return (await app.request({ url: '/jwks' })).json()
}

const kidOf = (token: string) => String(decodeProtectedHeader(token).kid)

/** Verifies with the key set alone, as those do who never ask the server. Rejects with the reason. */
async function verifyAlone(set: JSONWebKeySet, token: string, now: number): Promise<object> {
  const { payload } = await jwtVerify(token, createLocalJWKSet(set), {
    issuer: ISSUER,
    audience: ids.acme,
    algorithms: ['RS256'],
    currentDate: new Date(now),
  })
  return payload
}

test('the key set is at two addresses, for everybody, and holds public keys alone', async () => {
  const app = await startApp(ACME)
  const replies = []
  for (const url of ['/jwks', '/.well-known/jwks.json', '//jwks']) {
    for (const headers of [{}, { origin: 'https://any.example' }, { 'x-api-key': 'whatever' }]) {
      const { statusCode, headers: sent, body } = await app.request({ url, headers })
      assert.equal(statusCode, 200)
      assert.match(String(sent['content-type']), /^application\/json\b/)
      assert.equal(sent['access-control-allow-origin'], '*')
      replies.push(body)
    }
  }
  for (const body of replies) assert.equal(body, replies[0])
  const { keys: set } = JSON.parse(replies[0] ?? '') as JSONWebKeySet
  assert.equal(set.length, 1)
  for (const { n, kid, ...key } of set) {
    assert.deepEqual(key, { kty: 'RSA', e: 'AQAB', alg: 'RS256', use: 'sig' })
    assert.match(String(kid), /^[0-9a-f]{64}$/)
    const modulus = Buffer.from(String(n), 'base64url')
    assert.equal(modulus.length, 256)
    assert.ok((modulus[0] ?? 0) >= 128, '2,048 bit')
  }
})

test('tokens of every app and environment verify by the key set alone, until they expire', async () => {
  const app = await startApp(SEED)
  const set = await keySet(app)
  const sandbox = await loginToken(app, ada.email)
  const live = await loginToken(app, ada.email, PASSWORD, { key: keys.acmeLivePublic })
  const globex = await loginToken(app, ada.email, PASSWORD, { key: keys.globexPublic })
  const now = app.clock.now()
  assert.deepEqual(await verifyAlone(set, sandbox, now), decodeJwt(sandbox))
  assert.deepEqual(await verifyAlone(set, live, now), decodeJwt(live))
  await assert.rejects(verifyAlone(set, globex, now), { claim: 'aud' })
  await assert.rejects(verifyAlone(set, sandbox, now + LIFETIME * 1000), { claim: 'exp' })
  const other = await keySet(await startApp(ACME))
  await assert.rejects(verifyAlone(other, sandbox, now), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
})

interface Answer {
  status: number
  body: { data: { tokens: { accessToken: string } } }
}

async function post(
  server: ServerProcess,
  path: string,
  key: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const reply = await fetch(server.url + path, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: reply.status, body: (await reply.json()) as Answer['body'] }
}

async function logIn(server: ServerProcess): Promise<string> {
  const { status, body } = await post(server, '/auth/login', keys.acmePublic, { email: ada.email, password: PASSWORD })
  assert.equal(status, 200)
  return body.data.tokens.accessToken
}

async function listedKids(server: ServerProcess): Promise<string[]> {
  const { keys: set } = (await (await fetch(`${server.url}/jwks`)).json()) as JSONWebKeySet
  return set.map(({ kid }) => String(kid))
}

async function statusOf(server: ServerProcess, token: string): Promise<number> {
  return (await post(server, '/members/verify-token', keys.acme, { token })).status
}

test('after a rotation the old key stays listed while a token of it lives, and no longer', async () => {
  const app = await startApp(acmeSeed({ tokenLifetimeSeconds: 4 * 3600 }))
  const before = await loginToken(app, ada.email)
  const [first] = (await keySet(app)).keys
  await app.newEvents()
  const { kid } = await control<{ kid: string }>(app, 'POST', '/memberstack/signing-keys/rotate')
  await app.assertEvents('signing_key.rotated')
  const after = await loginToken(app, ada.email)
  assert.deepEqual([kidOf(before), kidOf(after)], [first?.kid, kid])
  const kids = async () => (await keySet(app)).keys.map(key => String(key.kid)).toSorted()
  assert.deepEqual(await kids(), [kidOf(before), kid].toSorted())
  await verifyAlone(await keySet(app), before, app.clock.now())

  app.clock.advance(4 * HOUR - SECOND)
  await app.app.runJobs()
  assert.deepEqual(await kids(), [kidOf(before), kid].toSorted())
  await assertLive(app, [true], [before])
  assert.equal((await verifyToken(app, before)).status, 200)
  app.clock.advance(SECOND)
  await app.app.runJobs()
  assert.deepEqual(await kids(), [kid])
  await assertLive(app, [true], [await loginToken(app, ada.email)])
})

test('a private key is in no row of the store, no event and no line of the log', async () => {
  const app = await startApp(ACME)
  await loginToken(app, ada.email)
  await control(app, 'POST', '/memberstack/signing-keys/rotate')
  const { db } = app.app.context
  const keys = await db.selectFrom('memberstack_signing_keys').selectAll().execute()
  assert.equal(keys.length, 2)
  const written = JSON.stringify([keys, await app.newEvents(), app.log])
  // In the forms in which a private key is written: PEM, base64 of its DER, a JWK.
  for (const form of [/PRIVATE/, /MII[CE]/, /"(d|p|q|dp|dq|qi)\\?":/]) assert.doesNotMatch(written, form)
})

test('a signature whose last character says the same in other bits is refused: it is another token', async () => {
  const app = await startApp(SEED)
  const token = await tokenFor(app, 'bits@acme.example')
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(token.slice(-1))
  const same = [...alphabet].filter((_, index) => index >> 4 === last >> 4 && index !== last)
  assert.equal(same.length, 15)
  for (const changed of [...same.map(one => token.slice(0, -1) + one), `${token}=`, `${token}==`]) {
    assertRefused(await verifyToken(app, changed), 'invalidToken')
  }
  assert.equal((await verifyToken(app, token)).status, 200)
})

test('over processes', async t => {
  const data = temporaryDirectory()
  const argv = ['--data', data, '--seed', fileWith('members.yaml', ACME)]
  const rotate = async () => {
    const rotated = await run(['keys', 'rotate-signing', '--data', data])
    assert.equal(rotated.code, 0, rotated.stderr)
    assert.doesNotMatch(rotated.stdout + rotated.stderr, /PRIVATE|"d":/)
  }
  /** That the server signs with a key that it did not sign with before, lists all, and takes the tokens of all. */
  const assertRotated = async (server: ServerProcess, before: string[]) => {
    const after = await logIn(server)
    const tokens = [...before, after]
    const kids = tokens.map(kidOf).toSorted()
    assert.equal(new Set(kids).size, tokens.length)
    assert.deepEqual((await listedKids(server)).toSorted(), kids)
    for (const token of tokens) assert.equal(await statusOf(server, token), 200)
    return after
  }
  const first = await serve(argv)
  const [token, ended] = [await logIn(first), await logIn(first)]
  const logout = await post(first, '/member/logout', keys.acmePublic, {}, { authorization: `Bearer ${ended}` })
  assert.equal(logout.status, 200)
  assert.deepEqual(await listedKids(first), [kidOf(token)])
  assert.equal((await first.end('SIGTERM')).code, 0)

  const second = await serve(argv)
  await t.test('key and tokens outlive the process, and so does the end of a token', async () => {
    assert.deepEqual([await statusOf(second, token), await statusOf(second, ended)], [200, 400])
    assert.equal(kidOf(await logIn(second)), kidOf(token))
    assert.deepEqual(await listedKids(second), [kidOf(token)])
  })
  let next = ''
  await t.test('a server that runs signs with the new key from the next login on, and takes the old', async () => {
    await rotate()
    next = await assertRotated(second, [token])
  })
  await second.end('SIGTERM')

  await rotate()
  const third = await serve(argv)
  await t.test('`keys rotate-signing` on a store at rest: the next server signs with the new key, too', async () => {
    await assertRotated(third, [token, next])
  })
  await third.end('SIGTERM')
})
