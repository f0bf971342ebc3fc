// Memberstack contract section 10, forgotten passwords: the code that comes back without an email, and its bounds.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ACME,
  assertLive,
  assertTooMany,
  crowd,
  from,
  loginToken,
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
  type Call,
  callClient,
  createMember,
  getMember,
  keys,
  ok,
  okClient,
  PASSWORD,
  type Refusal,
  SEED,
} from './memberstack.support.ts'
import { HOUR, MINUTE, startApp, type TestApp } from './support.ts'

const SEND = '/auth/send-reset-password-email'

function tryReset(app: TestApp, fields: object, options: Call = {}) {
  return callClient(app, 'POST', '/auth/reset-password', { body: { newPassword: NEW_PASSWORD, ...fields }, ...options })
}

/** Sends this many wrong codes. */
async function fail(app: TestApp, times: number, avoid: string): Promise<void> {
  for (let step = 1; step <= times; step++) {
    assertRefused(await tryReset(app, { token: otherThan(avoid, step) }), 'wrongResetCode')
  }
}

test('a reset sets the password and answers success; the old password and the code are used up', async () => {
  const app = await startApp(ACME)
  const token = await mailedCode(app, SEND, ada.email)
  await app.assertEvents()
  assert.deepEqual((await tryReset(app, { token })).body, { data: { success: true } })
  await app.assertEvents('member.password_changed')
  assertRefused(await tryLogin(app, ada.email, PASSWORD), 'invalidCredentials')
  await loginToken(app, ada.email, NEW_PASSWORD)
  await app.newEvents()
  assertRefused(await tryReset(app, { token, newPassword: 'a third password' }), 'wrongResetCode')
  await app.assertEvents()
  await loginToken(app, ada.email, NEW_PASSWORD)
})

test('a member without a password gets one by a reset', async () => {
  const app = await startApp(ACME)
  await tryReset(app, { token: await mailedCode(app, SEND, ben.email) })
  await loginToken(app, ben.email, NEW_PASSWORD)
})

test('the answer is the same text whether or not the email is known, and only the known one gets a mail', async () => {
  const app = await startApp(SEED)
  await createMember(app, { email: 'live@acme.example' }, { key: keys.acmeLive })
  await app.newEvents()
  const known = await callClient(app, 'POST', SEND, { body: { email: ada.email } })
  assert.equal(known.status, 200)
  assert.equal(typeof known.body.data, 'string')
  for (const email of ['nobody@acme.example', 'live@acme.example', ada.email]) {
    const { status, body, headers } = await callClient(app, 'POST', SEND, { body: { email } })
    assert.deepEqual([status, body], [known.status, known.body])
    assert.deepEqual(Object.keys(headers).toSorted(), Object.keys(known.headers).toSorted())
    if (email !== ada.email) assert.deepEqual(await app.mailsTo(email), [])
  }
  assert.equal((await app.mailsTo(ada.email)).length, 2)
  await app.assertEvents()
  assertRefused(await callClient(app, 'POST', SEND, { body: {} }), 'requiredFieldMissing', 'email')
})

test('a code lives for 15 minutes, and a newer one takes its place', async () => {
  const app = await startApp(ACME)
  const late = await mailedCode(app, SEND, ada.email)
  app.clock.advance(15 * MINUTE)
  assertRefused(await tryReset(app, { token: late }), 'wrongResetCode')
  const older = await mailedCode(app, SEND, ada.email)
  const newer = await mailedCode(app, SEND, ada.email)
  if (older !== newer) assertRefused(await tryReset(app, { token: older }), 'wrongResetCode')
  app.clock.advance(15 * MINUTE - 1)
  assert.equal((await tryReset(app, { token: newer })).status, 200)
})

test('a reset that cannot be done is refused, and leaves password and code as they are', async t => {
  const cases: [object, Refusal, ...string[]][] = [
    [{ newPassword: '1234567' }, 'passwordTooShort'],
    [{ newPassword: 'x'.repeat(1001) }, 'badField', 'newPassword'],
    [{ newPassword: undefined }, 'requiredFieldMissing', 'newPassword'],
    [{ newPassword: ['x'] }, 'badField', 'newPassword'],
    [{ token: undefined }, 'requiredFieldMissing', 'token'],
    [{ token: '' }, 'wrongResetCode'],
    [{ token: '00000000000000000000' }, 'wrongResetCode'],
    [{ email: ben.email }, 'wrongResetCode'],
    [{ email: 'nobody@acme.example' }, 'wrongResetCode'],
  ]
  const app = crowd(await startApp(ACME))
  const session = await loginToken(app, ada.email)
  const token = await mailedCode(app, SEND, ada.email)
  for (const [fields, refusal, ...texts] of cases) {
    await t.test(JSON.stringify(fields).slice(0, 60), async () => {
      await app.newEvents()
      const refused = await tryReset(app, { token, ...fields })
      if (!('token' in fields && fields.token === '')) assertRefused(refused, refusal, ...texts)
      else assert.equal(refused.status, 400)
      await app.assertEvents()
      await assertLive(app, [true], [session])
      await loginToken(app, ada.email)
    })
  }
  assert.equal((await tryReset(app, { token, email: ada.email.toUpperCase() })).status, 200)
})

test('a code is of its own app and environment', async () => {
  const app = await startApp(SEED)
  const token = await mailedCode(app, SEND, ada.email)
  for (const key of [keys.acmeLivePublic, keys.globexPublic]) {
    assertRefused(await tryReset(app, { token }, { key }), 'wrongResetCode')
    await loginToken(app, ada.email, PASSWORD, { key })
  }
  assert.equal((await tryReset(app, { token })).status, 200)
})

test('a code for something else resets nothing', async () => {
  const app = await startApp(ACME)
  const session = await loginToken(app, ada.email)
  const codes = [
    await mailedCode(app, '/auth/passwordless/login/send', ada.email),
    await mailedCode(app, '/auth/send-email-verification', ada.email, { token: session }),
  ]
  for (const token of codes) assertRefused(await tryReset(app, { token }), 'wrongResetCode')
  await assertLive(app, [true], [session])
})

test('five wrong tries with the email void the code of that email, and of no other', async () => {
  const app = await startApp(ACME)
  const adas = await mailedCode(app, SEND, ada.email)
  const bens = await mailedCode(app, SEND, ben.email)
  for (let step = 1; step <= 5; step++) {
    const token = otherThan(adas, step)
    assertRefused(await tryReset(app, { token, email: ada.email }), 'wrongResetCode')
  }
  assertRefused(await tryReset(app, { token: adas, email: ada.email }), 'wrongResetCode')
  assertRefused(await tryReset(app, { token: adas }), 'wrongResetCode')
  assert.equal((await tryReset(app, { token: bens, email: ben.email })).status, 200)
})

test('codes of one environment that live at the same time all differ, and each finds its member', async () => {
  const app = await startApp(ACME)
  const codes = new Map<string, string>()
  for (let index = 0; index < 30; index++) {
    const { auth } = await createMember(app, { password: 'the password before' })
    codes.set(auth.email, await mailedCode(app, SEND, auth.email))
  }
  assert.equal(new Set(codes.values()).size, codes.size)
  for (const [email, token] of [...codes].slice(0, 3)) {
    assert.equal((await tryReset(app, { token })).status, 200)
    await loginToken(app, email, NEW_PASSWORD)
  }
  const [, , , [other = ''] = []] = [...codes]
  await loginToken(app, other, 'the password before')
})

test('an address has ten wrong tries in 15 minutes; another address is not concerned', async () => {
  const app = await startApp(ACME)
  const token = await mailedCode(app, SEND, ada.email)
  await fail(from(app, '10.0.0.1'), 10, token)
  await app.newEvents()
  assertTooMany(await tryReset(from(app, '10.0.0.1'), { token: otherThan(token, 99) }), 15 * MINUTE)
  assertTooMany(await tryReset(from(app, '10.0.0.1'), { token }), 15 * MINUTE)
  await app.assertEvents()
  assert.equal((await tryReset(from(app, '10.0.0.2'), { token })).status, 200)

  app.clock.advance(15 * MINUTE)
  const again = await mailedCode(app, SEND, ada.email)
  assert.equal((await tryReset(from(app, '10.0.0.1'), { token: again })).status, 200)
})

test('an environment has 200 wrong tries in 15 minutes, wherever they come from; another is not concerned', async () => {
  const app = await startApp(SEED)
  const token = await mailedCode(app, SEND, ada.email)
  const live = await mailedCode(app, SEND, ada.email, { key: keys.acmeLivePublic })
  await fail(crowd(app), 200, token)
  assertTooMany(await tryReset(from(app, '10.2.0.1'), { token: otherThan(token, 999) }), 15 * MINUTE)
  assertTooMany(await tryReset(from(app, '10.2.0.2'), { token }), 15 * MINUTE)
  await loginToken(app, ada.email)
  assert.equal((await tryReset(app, { token: live }, { key: keys.acmeLivePublic })).status, 200)

  app.clock.advance(15 * MINUTE)
  const again = await mailedCode(app, SEND, ada.email)
  assert.equal((await tryReset(from(app, '10.2.0.1'), { token: again })).status, 200)
})

test('an email gets five mails an hour at most, and the sixth request is answered alike', async () => {
  const app = await startApp(ACME)
  const answers = new Set<string>()
  for (let time = 0; time < 7; time++) {
    app.clock.advance(1)
    const email = time % 2 ? ada.email : ada.email.toUpperCase()
    answers.add(await okClient(app, 'POST', SEND, { body: { email } }))
  }
  assert.equal(answers.size, 1)
  assert.equal((await app.mailsTo(ada.email)).length, 5)
  await mailedCode(app, '/auth/passwordless/login/send', ada.email)
  await mailedCode(app, SEND, ben.email)
  app.clock.advance(HOUR)
  await mailedCode(app, SEND, ada.email)
})

test('a code dies with its member', async () => {
  const app = await startApp(ACME)
  const session = await tokenFor(app, 'nina@acme.example')
  const { id } = await getMember(app, 'nina@acme.example')
  const token = await mailedCode(app, SEND, 'nina@acme.example')
  await ok(app, 'DELETE', `/members/${id}`)
  await tokenFor(app, 'nina@acme.example')
  assertRefused(await tryReset(app, { token }), 'wrongResetCode')
  await assertLive(app, [false], [session])
  await loginToken(app, 'nina@acme.example')
})

test('a password that is changed otherwise voids the code', async () => {
  const app = await startApp(ACME)
  const token = await loginToken(app, ada.email)
  const code = await mailedCode(app, SEND, ada.email)
  const body = { oldPassword: PASSWORD, newPassword: NEW_PASSWORD }
  await okClient(app, 'POST', '/member-auth', { token, body })
  assertRefused(await tryReset(app, { token: code, newPassword: 'a third password' }), 'wrongResetCode')
  await loginToken(app, ada.email, NEW_PASSWORD)
})

test('an address may ask for a hundred codes an hour, for whomever and of whichever kind', async () => {
  const app = await startApp(ACME)
  const ask = (caller: TestApp, path: string, email: string) => callClient(caller, 'POST', path, { body: { email } })
  for (let asked = 0; asked < 100; asked++) {
    // The limit on requests of any kind is a hundred a second.
    if (asked === 50) app.clock.advance(1000)
    const path = asked % 2 ? SEND : '/auth/passwordless/signup/send'
    assert.equal((await ask(app, path, `nobody-${asked}@acme.example`)).status, 200)
  }
  const untilOver = HOUR - 2000
  app.clock.advance(1000)
  for (const path of [SEND, '/auth/passwordless/signup/send', '/auth/passwordless/login/send']) {
    assertTooMany(await ask(app, path, ada.email), untilOver)
  }
  assert.deepEqual(await app.mailsTo(ada.email), [], 'and nothing is sent')
  assert.equal((await ask(from(app, '10.1.1.1'), SEND, ada.email)).status, 200, 'another address may')
  app.clock.advance(untilOver)
  assert.equal((await ask(app, SEND, ada.email)).status, 200)
})
