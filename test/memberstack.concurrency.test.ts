// Memberstack contract sections 6, 9 and 10 under many requests at once: one winner where there can be one, nothing
// lost where all may win, and no token that outlives what ended it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ACME,
  acmeSeed,
  assertLive,
  crowd,
  loginToken,
  logOut,
  mailedCode,
  NEW_PASSWORD,
  otherThan,
  tokenFor,
  tryLogin,
} from './memberstack.client.support.ts'
import {
  ada,
  assertRefused,
  ben,
  callClient,
  control,
  getMember,
  type Json,
  keys,
  ok,
  okClient,
  PASSWORD,
  plans,
  type Reply,
} from './memberstack.support.ts'
import { startApp, type TestApp } from './support.ts'

const email = 'nina@acme.example'

/** `count` requests at once. */
function atOnce<T>(count: number, act: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => act(index)))
}

/** How many answers have each status. */
function tally(replies: Reply[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const { status } of replies) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

async function typesOf(app: TestApp): Promise<string[]> {
  return (await app.newEvents()).map(({ type }) => type)
}

const signUpBody = (address: string) => ({ email: address, password: PASSWORD })

test('of 100 sign-ups with one email exactly one wins; the others are told that it is taken', async () => {
  const app = crowd(await startApp(ACME))
  const replies = await atOnce(100, index => {
    const body = signUpBody(index % 2 ? email : email.toUpperCase())
    return callClient(app, 'POST', '/auth/signup', { body })
  })
  assert.deepEqual(tally(replies), { 200: 1, 400: 99 })
  for (const reply of replies) if (reply.status !== 200) assertRefused(reply, 'emailTaken')
  await app.assertEvents('member.created', 'member.signed_in')
  assert.equal((await ok(app, 'GET', '/members')).totalCount, 3)
  const winner = replies.find(({ status }) => status === 200)
  assert.equal((await getMember(app, email)).id, winner?.body.data.member.id)
  await assertLive(app, [true], [winner?.body.data.tokens.accessToken])
})

test('a sign-up and an Admin create of one email are one member', async () => {
  const app = crowd(await startApp(ACME))
  const replies = await atOnce(20, index =>
    index % 2
      ? callClient(app, 'POST', '/auth/signup', { body: signUpBody(email) })
      : callClient(app, 'POST', '/members', { key: keys.acme, body: signUpBody(email) }),
  )
  assert.deepEqual(tally(replies), { 200: 1, 400: 19 })
  assert.deepEqual(
    (await typesOf(app)).filter(type => type === 'member.created'),
    ['member.created'],
  )
})

test('a cap on members holds against a rush', async () => {
  const app = crowd(await startApp(acmeSeed({ sandboxMemberLimit: 5 })))
  const replies = await atOnce(20, index =>
    callClient(app, 'POST', '/auth/signup', { body: signUpBody(`member${index}@acme.example`) }),
  )
  assert.deepEqual(tally(replies), { 200: 3, 400: 17 })
  assert.equal((await ok(app, 'GET', '/members')).totalCount, 5)
})

test('updates of different keys at the same time all survive, from the member and from Admin', async () => {
  const app = crowd(await startApp(ACME))
  const token = await tokenFor(app, email)
  const { id } = await getMember(app, email)
  await app.newEvents()
  const replies = await atOnce(60, index => {
    const body = { customFields: { [`field${index}`]: index }, metaData: { [`meta${index}`]: `${index}` } }
    return index % 3
      ? callClient(app, 'POST', '/member', { token, body })
      : callClient(app, 'PATCH', `/members/${id}`, { key: keys.acme, body })
  })
  assert.deepEqual(tally(replies), { 200: 60 })
  const { customFields, metaData } = await getMember(app, id)
  const all = Array.from({ length: 60 }, (_, index) => index)
  assert.deepEqual(customFields, Object.fromEntries(all.map(index => [`field${index}`, index])))
  assert.deepEqual(metaData, Object.fromEntries(all.map(index => [`meta${index}`, `${index}`])))
  const written = await app.newEvents()
  assert.deepEqual(
    written.map(({ type }) => type),
    all.map(() => 'member.updated'),
  )
  const sizes = written.map(({ data }) => Object.keys((data.member as Json).customFields).length)
  assert.deepEqual(
    sizes,
    all.map(index => index + 1),
    'each event shows the member as that change left it',
  )
})

test('of two members who want one email at the same time one gets it', async () => {
  const app = crowd(await startApp(ACME))
  const tokens = [await tokenFor(app, email), await tokenFor(app, 'otto@acme.example')]
  const body = { email: 'wanted@acme.example' }
  const replies = await Promise.all(tokens.map(token => callClient(app, 'POST', '/member-auth', { token, body })))
  assert.deepEqual(tally(replies), { 200: 1, 400: 1 })
})

test('a plan that is added many times at once is held once', async () => {
  const app = crowd(await startApp(ACME))
  const token = await tokenFor(app, email)
  await app.newEvents()
  const body = { planId: plans.free.id }
  const added = await atOnce(20, () => callClient(app, 'POST', '/member/plans/add', { token, body }))
  assert.deepEqual(tally(added), { 200: 20 })
  assert.equal((await getMember(app, email)).planConnections.length, 1)
  await app.assertEvents('member.plan.added')
  const removed = await atOnce(20, () => callClient(app, 'POST', '/member/plans/remove', { token, body }))
  assert.deepEqual(tally(removed), { 200: 1, 400: 19 })
  await app.assertEvents('member.plan.canceled')
})

test('logins at once get tokens of their own, and each ends alone', async () => {
  const app = crowd(await startApp(ACME))
  const tokens = await atOnce(40, () => loginToken(app, ada.email))
  assert.equal(new Set(tokens).size, 40)
  const odd = tokens.filter((_, index) => index % 2)
  await Promise.all(odd.map(token => logOut(app, token)))
  await assertLive(
    app,
    tokens.map((_, index) => index % 2 === 0),
    tokens,
  )
})

test('a login beside a logout is never logged out with it', async () => {
  const app = crowd(await startApp(ACME))
  let token = await tokenFor(app, email)
  for (let round = 0; round < 10; round++) {
    const [, next] = await Promise.all([logOut(app, token), loginToken(app, email)])
    await assertLive(app, [false, true], [token, next])
    token = next
  }
})

test('the first logins of all agree on one signing key', async () => {
  const app = crowd(await startApp(ACME))
  const tokens = await atOnce(8, () => loginToken(app, ada.email))
  assert.equal((await app.request({ url: '/jwks' })).json<{ keys: unknown[] }>().keys.length, 1)
  await assertLive(
    app,
    tokens.map(() => true),
    tokens,
  )
})

/**
 * Logs in with the password, and when it was found right, and nothing else is done yet, ends what it opens. Asserts that
 * the login got nowhere.
 */
async function assertNoSurvivor(app: TestApp, end: () => Promise<unknown>): Promise<void> {
  await app.newEvents()
  const { passwords } = app.app.context
  const { verify } = passwords
  passwords.verify = async (...given) => {
    passwords.verify = verify
    const isRight = await verify(...given)
    await end()
    return isRight
  }
  assertRefused(await tryLogin(app, email, PASSWORD), 'invalidCredentials')
  assert.equal(passwords.verify, verify, 'it was under way')
  assert.ok(!(await typesOf(app)).includes('member.signed_in'))
  assertRefused(await tryLogin(app, email, PASSWORD), 'invalidCredentials')
}

test('a login that is under way does not outlive a reset of the password', async () => {
  const app = crowd(await startApp(ACME))
  await tokenFor(app, email)
  const token = await mailedCode(app, '/auth/send-reset-password-email', email)
  const body = { token, newPassword: NEW_PASSWORD }
  await assertNoSurvivor(app, () => okClient(app, 'POST', '/auth/reset-password', { body }))
})

test('nor a change of the password', async () => {
  const app = crowd(await startApp(ACME))
  const token = await tokenFor(app, email)
  const body = { oldPassword: PASSWORD, newPassword: NEW_PASSWORD }
  await assertNoSurvivor(app, () => okClient(app, 'POST', '/member-auth', { token, body }))
})

test('nor the removal of the member', async () => {
  const app = crowd(await startApp(ACME))
  const token = await tokenFor(app, email)
  await assertNoSurvivor(app, () => okClient(app, 'DELETE', '/member', { token }))
})

test('nor an offboarding', async () => {
  const app = crowd(await startApp(ACME))
  await tokenFor(app, email)
  await assertNoSurvivor(app, () => control(app, 'POST', `/holders/${email}/offboard`))
})

test('of two changes of one password the first wins, though both had the right one when they were checked', async () => {
  const app = crowd(await startApp(ACME))
  const tokens = [await tokenFor(app, email), await loginToken(app, email)]
  const change = (token: string, newPassword: string) =>
    callClient(app, 'POST', '/member-auth', { token, body: { oldPassword: PASSWORD, newPassword } })
  const { passwords } = app.app.context
  const { verify } = passwords
  passwords.verify = async (...given) => {
    passwords.verify = verify
    const isRight = await verify(...given)
    assert.equal((await change(tokens[1] ?? '', 'the first one')).status, 200)
    return isRight
  }
  const second = await change(tokens[0] ?? '', 'the second one')
  assert.ok([400, 401].includes(second.status), `status ${second.status}`)
  await loginToken(app, email, 'the first one')
  await assertLive(app, [false, true], tokens)
})

test('a code that is used many times at once works once', async () => {
  const app = crowd(await startApp(ACME))
  const passwordlessToken = await mailedCode(app, '/auth/passwordless/login/send', ada.email)
  const login = { email: ada.email, passwordlessToken }
  const logins = await atOnce(10, () => callClient(app, 'POST', '/auth/passwordless/login', { body: login }))
  assert.deepEqual(tally(logins), { 200: 1, 400: 9 })

  const token = await mailedCode(app, '/auth/send-reset-password-email', ada.email)
  const resets = await atOnce(10, index =>
    callClient(app, 'POST', '/auth/reset-password', { body: { token, newPassword: `new password ${index}` } }),
  )
  assert.deepEqual(tally(resets), { 200: 1, 400: 9 })
  const winner = resets.findIndex(({ status }) => status === 200)
  await loginToken(app, ada.email, `new password ${winner}`)
})

test('wrong codes at once are counted one by one', async () => {
  const app = crowd(await startApp(ACME))
  const code = await mailedCode(app, '/auth/passwordless/login/send', ada.email)
  const use = (passwordlessToken: string) =>
    callClient(app, 'POST', '/auth/passwordless/login', { body: { email: ada.email, passwordlessToken } })
  const replies = await atOnce(8, index => use(otherThan(code, index + 1)))
  for (const reply of replies) assertRefused(reply, 'wrongPasswordlessCode')
  assertRefused(await use(code), 'wrongPasswordlessCode')
})

test('wrong passwords at once are counted one by one', async () => {
  const app = crowd(await startApp(ACME))
  const replies = await atOnce(40, () => tryLogin(app, ada.email, 'not the password'))
  assert.deepEqual(tally(replies), { 401: 10, 429: 30 })
  assert.equal((await tryLogin(app, ada.email, PASSWORD)).status, 429)
})

test('a server that is too busy for passwords refuses some, and holds it against nobody', async () => {
  const app = crowd(await startApp(ACME, { passwords: { memoryKiB: 256, passes: 1, parallelism: 1, concurrency: 1 } }))
  const { passwords } = app.app.context
  // One is at work and all but one of the places to wait are taken, until the requests are answered.
  let isBusy = true
  const busy = atOnce(512, async () => {
    while (isBusy) await passwords.hash(PASSWORD)
  })
  const [signUps, logins] = await Promise.all([
    atOnce(40, index => callClient(app, 'POST', '/auth/signup', { body: signUpBody(`member${index}@acme.example`) })),
    atOnce(40, () => tryLogin(app, ada.email, PASSWORD)),
  ])
  isBusy = false
  await busy
  const statuses = new Set([...signUps, ...logins].map(({ status }) => status))
  assert.deepEqual(statuses, new Set([200, 429]))
  assert.ok((tally(logins)[429] ?? 0) > 10, 'more of one member than may fail')
  await loginToken(app, ada.email)
  assert.equal((await ok(app, 'GET', '/members')).totalCount, 2 + (tally(signUps)[200] ?? 0))
})

test('mails at once are counted one by one', async () => {
  const app = crowd(await startApp(ACME))
  const body = { email: ada.email }
  const replies = await atOnce(20, () => callClient(app, 'POST', '/auth/send-reset-password-email', { body }))
  assert.deepEqual(tally(replies), { 200: 20 })
  assert.equal((await app.mailsTo(ada.email)).length, 5)
})

test('of passwords set at once for a member without one, the first is it', async () => {
  const app = crowd(await startApp(ACME))
  const passwordlessToken = await mailedCode(app, '/auth/passwordless/login/send', ben.email)
  const body = { email: ben.email, passwordlessToken }
  const { tokens } = await okClient(app, 'POST', '/auth/passwordless/login', { body })
  const replies = await atOnce(8, index =>
    callClient(app, 'POST', '/member/set-password', {
      token: tokens.accessToken,
      body: { password: `password ${index}` },
    }),
  )
  assert.deepEqual(tally(replies), { 200: 1, 400: 7 })
  const winner = replies.findIndex(({ status }) => status === 200)
  await loginToken(app, ben.email, `password ${winner}`)
})

test('a member deleted many times at once is deleted once', async () => {
  const app = crowd(await startApp(ACME))
  const token = await tokenFor(app, email)
  await app.newEvents()
  const replies = await atOnce(10, () => callClient(app, 'DELETE', '/member', { token }))
  const deleted = replies.filter(({ status }) => status === 200)
  assert.equal(deleted.length, 1)
  // The token was good when it was looked at: then there is no such member, and no bad token.
  for (const { status } of replies) assert.ok([200, 400, 401].includes(status))
  await app.assertEvents('member.deleted')
})
