// Memberstack contract section 9: what a token says, who takes it, and what ends it. The keys it is signed with are in
// memberstack.keyset.test.ts.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose'
import {
  ACME,
  acmeSeed,
  assertLive,
  callRoute,
  isLive,
  LIFETIME,
  loginToken,
  logOut,
  mailedCode,
  memberRoutes,
  NEW_PASSWORD,
  openRoutes,
  signUp,
  tokenFor,
  tour,
  tryLogin,
  verifyToken,
} from './memberstack.client.support.ts'
import {
  acme,
  ada,
  assertRefused,
  callClient,
  globex,
  ids,
  type Json,
  keys,
  ok,
  okClient,
  PASSWORD,
  plans,
  SEED,
  seedOf,
} from './memberstack.support.ts'
import { SECOND, startApp, type TestApp } from './support.ts'

const ISSUER = 'https://api.memberstack.com'

/** `text` with one of its characters changed to another that its place may hold. */
function changed(text: string, index: number): string {
  return text.slice(0, index) + (text[index] === 'A' ? 'B' : 'A') + text.slice(index + 1)
}

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Tokens that were never issued here, made from one that was. */
async function forged(app: TestApp, token: string): Promise<[string, string][]> {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const claims = decodeJwt(token)
  const protectedHeader = decodeProtectedHeader(token)
  const kid = String(protectedHeader.kid)
  const { privateKey } = await generateKeyPair('RS256')
  const { keys: set } = (await app.request({ url: '/jwks' })).json<{ keys: Json[] }>()
  const publicText = new TextEncoder().encode(JSON.stringify(set[0]))
  const never = base64url({ ...protectedHeader, alg: 'none' })
  return [
    ['another key', await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey)],
    ['HS256 with the public key', await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid }).sign(publicText)],
    ['alg none', `${never}.${payload}.`],
    ['alg none with the signature', `${never}.${payload}.${signature}`],
    ['no signature', `${header}.${payload}.`],
    ['two parts', `${header}.${payload}`],
    ['another member', `${header}.${base64url({ ...claims, id: ids.ben })}.${signature}`],
    ['a longer life', `${header}.${base64url({ ...claims, exp: Number(claims.exp) + 1 })}.${signature}`],
    ['a changed header', `${changed(header, 4)}.${payload}.${signature}`],
    ['a changed payload', `${header}.${changed(payload, 10)}.${signature}`],
    ['a changed signature', `${header}.${payload}.${changed(signature, 20)}`],
    ['no token at all', 'token'],
  ]
}

test('a token holds these claims and no others, for 14 days', async () => {
  const app = await startApp(SEED, { now: '2026-03-04T09:30:00.789Z' })
  const iat = Date.parse('2026-03-04T09:30:00.000Z') / 1000
  for (const [key, tenant, id] of [
    [keys.acmePublic, ids.acme, ids.ada],
    [keys.acmeLivePublic, ids.acme, ids.adaLive],
    [keys.globexPublic, ids.globex, ids.adaGlobex],
  ] as const) {
    const token = await loginToken(app, ada.email, PASSWORD, { key })
    const { kid, ...header } = decodeProtectedHeader(token)
    assert.deepEqual(header, { alg: 'RS256', typ: 'JWT' })
    assert.match(String(kid), /^[0-9a-f]{64}$/)
    const claims = { id, type: 'member', iat, exp: iat + LIFETIME, aud: tenant, iss: ISSUER }
    assert.deepEqual(decodeJwt(token), claims)
  }
})

test('scenario 4: verify-token answers the claims to a key of the app and environment, and to no other', async () => {
  const app = await startApp(SEED)
  const signedUp = await tokenFor(app, 'nina@acme.example')
  const loggedIn = await loginToken(app, ada.email)
  const live = await loginToken(app, ada.email, PASSWORD, { key: keys.acmeLivePublic })
  const cases: [string, string][] = [
    [signedUp, keys.acme],
    [loggedIn, keys.acme],
    [live, keys.acmeLive],
  ]
  await app.newEvents()
  for (const [token, right] of cases) {
    const { status, body } = await verifyToken(app, token, right)
    assert.deepEqual([status, body], [200, { data: decodeJwt(token) }])
    for (const key of [keys.acme, keys.acmeLive, keys.globex, keys.globexLive]) {
      if (key !== right) assertRefused(await verifyToken(app, token, key), 'invalidToken')
    }
    for (const [name, bad] of await forged(app, token)) {
      const reply = await verifyToken(app, bad, right)
      assert.equal(reply.status, 400, name)
      assertRefused(reply, 'invalidToken')
    }
  }
  for (const none of [undefined, null, '', 7, true, {}, [signedUp]]) {
    assertRefused(await verifyToken(app, none), 'invalidToken')
  }
  await app.assertEvents()
})

test('the client API takes a token for its own environment and app alone, and no forged one', async () => {
  const app = await startApp(SEED)
  const token = await loginToken(app, ada.email)
  for (const key of [keys.acmeLivePublic, keys.globexPublic, keys.globexLivePublic]) {
    assert.equal(await isLive(app, token, { key }), false)
    assertRefused(await callClient(app, 'GET', '/member/json', { token, key }), 'badToken')
  }
  for (const [name, bad] of await forged(app, token)) {
    assert.equal(await isLive(app, bad), false, name)
    assertRefused(await callClient(app, 'GET', '/member/json', { token: bad }), 'badToken')
  }
  await assertLive(app, [true], [token])
})

test('every route of a member says whether a token is missing or no good; the others do without', async () => {
  const app = await startApp(ACME)
  const ended = await tokenFor(app, 'nina@acme.example')
  await signUp(app, { email: 'open@acme.example' })
  await logOut(app, ended)
  await app.newEvents()
  for (const route of memberRoutes) {
    const about = `${route.method} ${route.path}`
    const without = await callRoute(app, route)
    assert.equal(without.status, 401, about)
    assertRefused(without, 'loginRequired')
    for (const token of [ended, 'garbage', 'a.b.c']) assertRefused(await callRoute(app, route, { token }), 'badToken')
  }
  await app.assertEvents()
  for (const route of openRoutes.slice(1)) {
    for (const options of [{}, { token: ended }, { token: 'garbage' }]) {
      const reply = await callRoute(app, route, options)
      assert.equal(reply.status, 200, `${route.method} ${route.path} ${JSON.stringify(reply.body)}`)
    }
  }
})

test('a token is good until its last second is over, and not longer', async () => {
  const app = await startApp(acmeSeed({ tokenLifetimeSeconds: 3600 }))
  const token = await tokenFor(app, 'nina@acme.example')
  const { iat = 0, exp = 0 } = decodeJwt(token)
  assert.equal(exp - iat, 3600)
  app.clock.advance(exp * SECOND - app.clock.now() - 1)
  assert.equal((await verifyToken(app, token)).status, 200)
  await assertLive(app, [true], [token])
  app.clock.advance(1)
  assertRefused(await verifyToken(app, token), 'invalidToken')
  await assertLive(app, [false], [token])
  assertRefused(await callClient(app, 'GET', '/member/json', { token }), 'badToken')
})

test('no login hands out a token that has expired already, however many there are in a second', async () => {
  const app = await startApp(acmeSeed({ tokenLifetimeSeconds: 3 }))
  const statuses: number[] = []
  for (let time = 0; time < 6; time++) {
    const { status, body } = await tryLogin(app, ada.email, PASSWORD)
    statuses.push(status)
    if (status === 200) await assertLive(app, [true], [body.data.tokens.accessToken])
  }
  assert.deepEqual(statuses.slice(0, 3), [200, 200, 200])
})

test('issuer and lifetime are what the settings say, each app its own lifetime', async () => {
  const apps = [acme, { ...globex, settings: { ...globex.settings, tokenLifetimeSeconds: 60 } }]
  const seed = JSON.parse(seedOf(...apps))
  const issuer = 'https://members.acme.example'
  const app = await startApp(JSON.stringify({ ...seed, memberstack: { ...seed.memberstack, issuer } }))
  const token = await loginToken(app, ada.email)
  const short = await loginToken(app, ada.email, PASSWORD, { key: keys.globexPublic })
  for (const [found, life] of [
    [token, LIFETIME],
    [short, 60],
  ] as const) {
    const { iss, iat = 0, exp = 0 } = decodeJwt(found)
    assert.deepEqual([iss, exp - iat], [issuer, life])
  }
  assert.equal((await verifyToken(app, token)).status, 200)
  assert.equal((await verifyToken(app, short, keys.globex)).status, 200)
})

test('a logout ends its token and no other, and answers alike when there was nothing to end', async () => {
  const app = await startApp(ACME)
  const tokens = [await tokenFor(app, 'nina@acme.example'), await loginToken(app, 'nina@acme.example')]
  const [first = '', second = ''] = tokens
  assert.notEqual(first, second)
  await app.newEvents()
  const answer = await callClient(app, 'POST', '/member/logout', { token: first })
  assert.deepEqual([answer.status, answer.body], [200, { data: { redirect: '' } }])
  await app.assertEvents('member.logged_out')
  await assertLive(app, [false, true], tokens)
  assertRefused(await verifyToken(app, first), 'invalidToken')
  assert.equal((await verifyToken(app, second)).status, 200)

  const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' } }
  for (const options of [{}, { token: first }, { token: 'garbage' }, form, { body: {} }]) {
    const again = await callClient(app, 'POST', '/member/logout', options)
    assert.deepEqual([again.status, again.body], [200, { data: { redirect: '' } }])
  }
  app.clock.advance(LIFETIME * SECOND)
  assert.deepEqual(await logOut(app, second), { redirect: '' })
  await app.assertEvents()
})

test('a logout leads where a plan of the member says', async () => {
  const app = await startApp(ACME)
  const { tokens } = await signUp(app, { email: 'nina@acme.example', plans: [plans.free, tour].map(planIdOf) })
  assert.deepEqual(await logOut(app, tokens.accessToken), { redirect: '/tour/bye' })
  const token = await loginToken(app, ada.email)
  const added = await okClient(app, 'POST', '/member/plans/add', { token, body: { planId: plans.plus.id } })
  assert.equal(added.redirect, '', 'the own redirect is for logins')
  assert.deepEqual(await logOut(app, token), { redirect: '' })
})

const planIdOf = ({ id }: { id: string }) => ({ planId: id })

describe('in one and the same second', () => {
  const email = 'nina@acme.example'

  test('a login never gets the text of a token that was ended', async () => {
    const app = await startApp(ACME)
    const seen = [await tokenFor(app, email)]
    for (let time = 0; time < 5; time++) {
      await logOut(app, seen.at(-1) ?? '')
      seen.push(await loginToken(app, email))
      await assertLive(app, [...seen.slice(1).map(() => false), true], seen)
    }
    assert.equal(new Set(seen).size, seen.length)
    const { iat = 0 } = decodeJwt(seen.at(-1) ?? '')
    assert.ok(iat * SECOND <= app.clock.now(), 'nor one from the future, which verifiers refuse')
  })

  test('a reset ends every token from before it, and none from after', async () => {
    const app = await startApp(ACME)
    const before = [await tokenFor(app, email), await loginToken(app, email)]
    const code = await mailedCode(app, '/auth/send-reset-password-email', email)
    await app.newEvents()
    const body = { token: code, newPassword: NEW_PASSWORD }
    assert.deepEqual(await okClient(app, 'POST', '/auth/reset-password', { body }), { success: true })
    await app.assertEvents('member.password_changed')
    const after = [await loginToken(app, email, NEW_PASSWORD), await loginToken(app, email, NEW_PASSWORD)]
    await assertLive(app, [false, false, true, true], [...before, ...after])
    for (const token of before) assertRefused(await verifyToken(app, token), 'invalidToken')
    for (const token of after) assert.equal((await verifyToken(app, token)).status, 200)
  })

  test('a new password ends every token but the one that asked', async () => {
    const app = await startApp(ACME)
    const tokens = [await tokenFor(app, email), await loginToken(app, email), await loginToken(app, email)]
    const body = { oldPassword: PASSWORD, newPassword: NEW_PASSWORD }
    await okClient(app, 'POST', '/member-auth', { token: tokens[1] ?? '', body })
    tokens.push(await loginToken(app, email, NEW_PASSWORD))
    await assertLive(app, [false, true, false, true], tokens)
    const statuses = await Promise.all(tokens.map(async token => (await verifyToken(app, token)).status))
    assert.deepEqual(statuses, [400, 200, 400, 200])
  })

  test('a delete ends every token; who comes back with the email is another', async () => {
    const app = await startApp(ACME)
    const tokens = [await tokenFor(app, email), await loginToken(app, email)]
    const { id } = decodeJwt<{ id: string }>(tokens[0] ?? '')
    await ok(app, 'DELETE', `/members/${id}`)
    tokens.push(await tokenFor(app, email))
    await assertLive(app, [false, false, true], tokens)
    for (const token of tokens.slice(0, 2)) assertRefused(await verifyToken(app, token), 'invalidToken')
  })
})

test('changes that say nothing about who somebody is end no token', async () => {
  const app = await startApp(ACME)
  const email = 'nina@acme.example'
  const token = await tokenFor(app, email)
  const { id } = decodeJwt<{ id: string }>(token)
  await okClient(app, 'POST', '/member', { token, body: { customFields: { a: 1 } } })
  await ok(app, 'PATCH', `/members/${id}`, { body: { metaData: { a: 1 }, verified: true } })
  await ok(app, 'POST', `/members/${id}/add-plan`, { body: { planId: plans.free.id } })
  await okClient(app, 'POST', '/member-auth', { token, body: { email: 'nina.new@acme.example' } })
  await mailedCode(app, '/auth/send-reset-password-email', 'nina.new@acme.example')
  await assertLive(app, [true], [token])
})

test('a refused password change or reset ends nothing', async () => {
  const app = await startApp(ACME)
  const email = 'nina@acme.example'
  const tokens = [await tokenFor(app, email), await loginToken(app, email)]
  const wrong = { oldPassword: 'not it', newPassword: NEW_PASSWORD }
  assertRefused(await callClient(app, 'POST', '/member-auth', { token: tokens[0] ?? '', body: wrong }), 'wrongPassword')
  const code = await mailedCode(app, '/auth/send-reset-password-email', email)
  const short = { token: code, newPassword: 'short' }
  assertRefused(await callClient(app, 'POST', '/auth/reset-password', { body: short }), 'passwordTooShort')
  await assertLive(app, [true, true], tokens)
})

test('without strictness verify-token looks at the token alone; the client API still asks', async () => {
  const app = await startApp(seedOf({ ...acme, settings: { ...acme.settings, verifyTokenStrict: false } }, globex))
  const loggedOut = await tokenFor(app, 'out@acme.example')
  await logOut(app, loggedOut)
  const gone = await tokenFor(app, 'gone@acme.example')
  await okClient(app, 'DELETE', '/member', { token: gone })
  const reset = await tokenFor(app, 'reset@acme.example')
  const code = await mailedCode(app, '/auth/send-reset-password-email', 'reset@acme.example')
  const body = { token: code, newPassword: NEW_PASSWORD }
  await okClient(app, 'POST', '/auth/reset-password', { body })
  for (const token of [loggedOut, gone, reset]) {
    assert.equal((await verifyToken(app, token)).status, 200)
    assert.equal(await isLive(app, token), false)
    for (const key of [keys.acmeLive, keys.globex]) {
      assertRefused(await verifyToken(app, token, key), 'invalidToken')
    }
  }
  for (const [name, bad] of await forged(app, loggedOut)) {
    assert.equal((await verifyToken(app, bad)).status, 400, name)
  }
  const other = await loginToken(app, ada.email, PASSWORD, { key: keys.globexPublic })
  await logOut(app, other, { key: keys.globexPublic })
  assertRefused(await verifyToken(app, other, keys.globex), 'invalidToken')
  app.clock.advance(LIFETIME * SECOND)
  for (const token of [loggedOut, gone, reset]) assertRefused(await verifyToken(app, token), 'invalidToken')
})
