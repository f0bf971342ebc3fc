// Memberstack contract sections 10 and 11, login: what it answers, that every refusal looks alike, and the limit on
// failures.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  ACME,
  acmeSeed,
  assertAuth,
  assertTooMany,
  clientRecord,
  crowd,
  from,
  isLive,
  loginToken,
  signUp,
  tour,
  tryLogin,
} from './memberstack.client.support.ts'
import {
  ada,
  assertRefused,
  ben,
  callClient,
  createMember,
  freeConnection,
  getMember,
  ids,
  keys,
  login,
  ok,
  PASSWORD,
  plans,
  type Refusal,
  SEED,
  START,
} from './memberstack.support.ts'
import { MINUTE, SECOND, startApp, type TestApp } from './support.ts'

const WRONG = 'not the password'

async function fail(app: TestApp, email: string, times: number, key: string = keys.acmePublic): Promise<void> {
  for (let time = 0; time < times; time++) {
    assertRefused(await tryLogin(app, email, WRONG, { key }), 'invalidCredentials')
  }
}

test('a login answers Auth, and sets lastLogin; nothing else of the member changes', async () => {
  const app = await startApp(ACME)
  const before = await getMember(app, ids.ada)
  assert.equal(before.lastLogin, null)
  app.clock.advance(90 * SECOND)
  const auth = await login(app, 'ADA@acme.EXAMPLE')
  const { password: _, plans: __, email, json: ___, ...fields } = ada
  const member = clientRecord({
    ...fields,
    email,
    permissions: ['view:start', 'view:library'],
    planConnections: [freeConnection(before.planConnections[0].id, plans.free)],
    lastLogin: '2026-03-04T09:31:30.000Z',
  })
  assertAuth(auth, { member, redirect: '/ada-welcome' })
  assert.deepEqual(await getMember(app, ids.ada), { ...before, lastLogin: '2026-03-04T09:31:30.000Z' })
  const [event, ...more] = await app.newEvents()
  assert.deepEqual([event?.type, event?.subject, event?.data.environment], ['member.signed_in', ids.ada, 'sandbox'])
  assert.deepEqual(more, [])
})

test('a login leads to the own redirect of a member, else to that of a plan, else nowhere', async () => {
  const app = await startApp(ACME)
  const cases = [
    { loginRedirect: '/mine', plans: [{ planId: tour.id }], expected: '/mine' },
    { plans: [{ planId: plans.free.id }, { planId: tour.id }], expected: '/tour' },
    { plans: [{ planId: plans.free.id }], expected: '' },
    { expected: '' },
  ]
  for (const { expected, ...fields } of cases) {
    const { auth } = await createMember(app, fields)
    assert.equal((await login(app, auth.email)).redirect, expected)
  }
  const { id, auth } = await createMember(app, { loginRedirect: '/mine', plans: [{ planId: tour.id }] })
  await ok(app, 'PATCH', `/members/${id}`, { body: { loginRedirect: null } })
  assert.equal((await login(app, auth.email)).redirect, '/tour')
  await ok(app, 'POST', `/members/${id}/remove-plan`, { body: { planId: tour.id } })
  assert.equal((await login(app, auth.email)).redirect, '')
})

test('an unknown email, a wrong password, no password and another environment are refused in the same words', async () => {
  const app = await startApp(SEED)
  const onlyLive = 'live@acme.example'
  await createMember(app, { email: onlyLive }, { key: keys.acmeLive })
  await createMember(app, { email: 'globex@acme.example' }, { key: keys.globex })
  const deleted = await createMember(app, { email: 'gone@acme.example' })
  await ok(app, 'DELETE', `/members/${deleted.id}`)
  await app.newEvents()

  const replies = []
  for (const [email, password] of [
    ['nobody@acme.example', PASSWORD],
    [ada.email, WRONG],
    [ada.email, PASSWORD.toUpperCase()],
    [ada.email, `${PASSWORD} `],
    [ben.email, PASSWORD],
    [ben.email, WRONG],
    [onlyLive, PASSWORD],
    ['globex@acme.example', PASSWORD],
    ['gone@acme.example', PASSWORD],
    ['not an email', PASSWORD],
  ] as const) {
    const reply = await tryLogin(app, email, password)
    if (email !== 'not an email') assertRefused(reply, 'invalidCredentials')
    else assert.ok([400, 401].includes(reply.status))
    const { date: _, 'x-request-id': __, ...headers } = reply.headers
    if (email !== 'not an email') replies.push({ ...reply, headers: Object.keys(headers).toSorted() })
  }
  for (const reply of replies) assert.deepEqual(reply, replies[0])
  await app.assertEvents()
  assert.equal((await getMember(app, ids.ada)).lastLogin, null)
})

describe('a login that cannot be read is refused by its field', () => {
  const cases: [object, Refusal, string][] = [
    [{ password: PASSWORD }, 'requiredFieldMissing', 'email'],
    [{ email: ada.email }, 'requiredFieldMissing', 'password'],
    [{ email: ['ada'], password: PASSWORD }, 'badField', 'email'],
    [{ email: ada.email, password: { $ne: '' } }, 'badField', 'password'],
  ]
  for (const [body, refusal, field] of cases) {
    test(JSON.stringify(body), async () => {
      const app = await startApp(ACME)
      assertRefused(await callClient(app, 'POST', '/auth/login', { body }), refusal, field)
      await app.assertEvents()
    })
  }
})

test('a stale token that is sent to a login or sign-up does not matter', async () => {
  const app = await startApp(ACME)
  for (const token of ['stale', 'a.b.c', '']) {
    const { member } = await signUp(app, { email: `nina-${token}@acme.example` }, { token })
    assert.equal((await login(app, member.auth.email, PASSWORD, { token })).member.id, member.id)
  }
  const adas = await loginToken(app, ada.email)
  const other = await login(app, 'nina-stale@acme.example', PASSWORD, { token: adas })
  assert.notEqual(other.member.id, ids.ada)
  assert.ok(await isLive(app, adas), 'it is left alone')
})

test('after ten failures in 15 minutes an email is refused, whatever the password and whoever asks', async () => {
  const app = await startApp(ACME)
  await createMember(app, { email: 'other@acme.example' })
  for (let time = 0; time < 10; time++) {
    const email = time % 2 ? ada.email : ada.email.toUpperCase()
    assertRefused(await tryLogin(from(app, `10.0.0.${time}`), email, WRONG), 'invalidCredentials')
    app.clock.advance(SECOND)
  }
  await app.newEvents()
  const left = 15 * MINUTE - 10 * SECOND
  assertTooMany(await tryLogin(app, ada.email, WRONG), left)
  assertTooMany(await tryLogin(app, ada.email.toLowerCase(), PASSWORD), left)
  assertTooMany(await tryLogin(from(app, '10.0.1.1'), ada.email, PASSWORD), left)
  await app.assertEvents()
  await loginToken(app, 'other@acme.example')

  app.clock.advance(left - SECOND)
  assertTooMany(await tryLogin(app, ada.email, PASSWORD), SECOND)
  app.clock.advance(SECOND)
  await loginToken(app, ada.email)
})

test('the limit counts emails that do not exist alike, so that it tells nobody who does', async () => {
  const app = await startApp(ACME)
  for (const email of ['nobody@acme.example', ben.email, ada.email]) {
    await fail(app, email, 10)
    assertTooMany(await tryLogin(app, email, WRONG), 15 * MINUTE)
  }
})

test('an address that fails a hundred times, with whatever emails, is refused; others are not', async () => {
  const app = await startApp(ACME)
  const attacker = from(app, '10.0.0.1')
  for (let time = 0; time < 100; time++) {
    if (time === 50) app.clock.advance(SECOND)
    assertRefused(await tryLogin(attacker, `member${time}@acme.example`, WRONG), 'invalidCredentials')
  }
  app.clock.advance(SECOND)
  assertTooMany(await tryLogin(attacker, ada.email, PASSWORD), 15 * MINUTE - 2 * SECOND)
  await loginToken(from(app, '10.0.0.2'), ada.email)
  app.clock.advance(15 * MINUTE)
  await loginToken(attacker, ada.email)
})

test('what failed is not remembered at the length in which it was sent', async () => {
  const app = crowd(await startApp(ACME))
  const mebibyte = 'x'.repeat(1024 * 1024 - 100)
  const before = usedBytes()
  for (let time = 0; time < 60; time++) {
    assertRefused(await tryLogin(app, `${time}${mebibyte}@acme.example`, WRONG), 'invalidCredentials')
  }
  assert.ok(usedBytes() - before < 30 * 1024 * 1024)
})

test('nine failures are none: the tenth try may be the right one', async () => {
  const app = await startApp(ACME)
  await fail(app, ada.email, 9)
  await loginToken(app, ada.email)
})

test('logins that succeed are not counted', async () => {
  const app = await startApp(ACME)
  for (let time = 0; time < 12; time++) await loginToken(app, ada.email)
})

test('each app and environment counts failures for itself', async () => {
  const app = await startApp(SEED)
  await fail(app, 'ada@acme.example', 10)
  assertTooMany(await tryLogin(app, 'ada@acme.example', PASSWORD), 15 * MINUTE)
  for (const key of [keys.acmeLivePublic, keys.globexPublic]) {
    await loginToken(app, 'ada@acme.example', PASSWORD, { key })
  }
})

test('a login is open to a member made by Admin, and to one whose email Admin changed, by the new one alone', async () => {
  const app = await startApp(acmeSeed({ passwordless: false }))
  const { id } = await createMember(app, { email: 'old@acme.example', password: 'from the import' })
  assert.equal((await getMember(app, id)).lastLogin, null)
  await login(app, 'old@acme.example', 'from the import')
  assert.equal((await getMember(app, id)).lastLogin, START)
  await ok(app, 'PATCH', `/members/${id}`, { body: { email: 'new@acme.example', password: 'ignored here' } })
  assertRefused(await tryLogin(app, 'old@acme.example', 'from the import'), 'invalidCredentials')
  assertRefused(await tryLogin(app, 'new@acme.example', 'ignored here'), 'invalidCredentials')
  assert.equal((await login(app, 'new@acme.example', 'from the import')).member.id, id)
})

/** What the process holds on to. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}
