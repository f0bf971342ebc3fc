// Memberstack contract section 10, codes by mail: to sign up and log in without a password, and to verify an email.
// Those that reset a password, which come back without an email, are in memberstack.reset.test.ts.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  ACME,
  acmeSeed,
  assertAuth,
  assertLive,
  assertTooMany,
  clientRecord,
  codeIn,
  codeRoutes,
  loginToken,
  mailedCode,
  NEW_PASSWORD,
  otherThan,
  signUp,
  tokenFor,
  tour,
  tryLogin,
} from './memberstack.client.support.ts'
import {
  ada,
  assertRefused,
  ben,
  type Call,
  callClient,
  getMember,
  ids,
  keys,
  ok,
  okClient,
  plans,
  type Refusal,
  type Reply,
  SEED,
} from './memberstack.support.ts'
import { DAY, HOUR, MINUTE, startApp, type TestApp } from './support.ts'

const LOGIN_SEND = '/auth/passwordless/login/send'
const SIGNUP_SEND = '/auth/passwordless/signup/send'
const VERIFICATION_SEND = '/auth/send-email-verification'

const nina = 'Nina@acme.example'

/** How a code of one purpose is asked for and used. */
interface Purpose {
  name: string
  lifeMs: number
  refusal: Refusal
  /** What must be there before. Gives what the calls need: a token, for the codes of a member. */
  prepare(app: TestApp): Promise<Call>
  send: string
  use(app: TestApp, code: string, options: Call): Promise<Reply>
}

const purposes: Purpose[] = [
  {
    name: 'login',
    lifeMs: 10 * MINUTE,
    refusal: 'wrongPasswordlessCode',
    prepare: async app => {
      await signUp(app, { email: nina })
      return {}
    },
    send: LOGIN_SEND,
    use: (app, passwordlessToken, options) =>
      callClient(app, 'POST', '/auth/passwordless/login', { body: { email: nina, passwordlessToken }, ...options }),
  },
  {
    name: 'sign-up',
    lifeMs: 10 * MINUTE,
    refusal: 'wrongPasswordlessCode',
    prepare: async () => ({}),
    send: SIGNUP_SEND,
    use: (app, passwordlessToken, options) => useToSignUp(app, { email: nina, passwordlessToken }, options),
  },
  {
    name: 'email verification',
    lifeMs: DAY,
    refusal: 'wrongVerificationCode',
    prepare: async app => ({ token: await tokenFor(app, nina) }),
    send: VERIFICATION_SEND,
    use: (app, token, options) => callClient(app, 'POST', '/auth/verify-email', { body: { token }, ...options }),
  },
]

function useToSignUp(app: TestApp, body: object, options: Call = {}): Promise<Reply> {
  return callClient(app, 'POST', '/auth/signup?isPasswordless=true', { body, ...options })
}

for (const { name, lifeMs, refusal, prepare, send, use } of purposes) {
  describe(`a code for ${name}`, () => {
    /** An app with one code on its way, and its use. */
    async function start() {
      const app = await startApp(ACME)
      const options = await prepare(app)
      const ask = () => mailedCode(app, send, nina, options)
      return { app, code: await ask(), ask, options, tryCode: (code: string) => use(app, code, options) }
    }

    test('works once', async () => {
      const { code, tryCode } = await start()
      assert.match(code, /^\d{6}$/)
      assert.equal((await tryCode(code)).status, 200)
      const again = await tryCode(code)
      assert.equal(again.status, 400, JSON.stringify(again.body))
    })

    test('works to the last moment of its life, and not after it', async () => {
      const { app, code, ask, tryCode } = await start()
      app.clock.advance(lifeMs)
      await app.newEvents()
      assertRefused(await tryCode(code), refusal)
      await app.assertEvents()
      const another = await ask()
      app.clock.advance(lifeMs - 1)
      assert.equal((await tryCode(another)).status, 200)
    })

    test('bears four wrong tries, and is void after the fifth', async () => {
      const { app, code, ask, tryCode } = await start()
      const tryOthers = async (times: number, than: string) => {
        for (let step = 1; step <= times; step++) assertRefused(await tryCode(otherThan(than, step)), refusal)
      }
      await app.newEvents()
      await tryOthers(5, code)
      assertRefused(await tryCode(code), refusal)
      await app.assertEvents()
      // So that what is counted of the member's failed logins is not in the way.
      app.clock.advance(15 * MINUTE)
      const another = await ask()
      await tryOthers(4, another)
      assert.equal((await tryCode(another)).status, 200, 'a new one is its own')
    })

    test('is void when a newer one is sent', async () => {
      const { code, ask, tryCode } = await start()
      let newer = await ask()
      while (newer === code) newer = await ask()
      assertRefused(await tryCode(code), refusal)
      assert.equal((await tryCode(newer)).status, 200)
    })

    test('is mailed five times an hour; the sixth is answered alike, and the fifth stays good', async () => {
      const { app, ask, options, tryCode } = await start()
      for (let time = 2; time <= 4; time++) await ask()
      const fifth = await ask()
      app.clock.advance(1)
      const [sixth, ...answers] = await Promise.all([1, 2].map(() => okClient(app, 'POST', send, sendOptions(options))))
      assert.deepEqual([sixth, ...answers], [{ success: true }, { success: true }])
      assert.equal((await app.mailsTo(nina)).length, 5)
      assert.equal((await tryCode(fifth)).status, 200)
    })

    test('is mailed again when the hour is over', async () => {
      const { app, ask, options, tryCode } = await start()
      for (let time = 2; time <= 5; time++) await ask()
      app.clock.advance(HOUR - MINUTE)
      await okClient(app, 'POST', send, sendOptions(options))
      assert.equal((await app.mailsTo(nina)).length, 5)
      app.clock.advance(MINUTE)
      assert.equal((await tryCode(await ask())).status, 200)
    })

    test('is in no row of the store, no event and no line of the log', async () => {
      const { app, code, tryCode } = await start()
      await tryCode(otherThan(code))
      const { db } = app.app.context
      const rows: unknown[] = []
      // The tables are the schema's own: any of them may hold it by mistake.
      for (const table of await db.introspection.getTables()) {
        rows.push(
          await db
            .selectFrom(table.name as 'events')
            .selectAll()
            .execute(),
        )
      }
      assert.doesNotMatch(JSON.stringify([rows, app.log]), new RegExp(`(?<![0-9A-Za-z+/_-])${code}(?![0-9A-Za-z+/_-])`))
    })
  })
}

const sendOptions = (options: Call): Call => ({ body: { email: nina }, ...options })

describe('sign-up without a password', () => {
  test('makes a verified member without one, and logs them in', async () => {
    const app = await startApp(ACME)
    const passwordlessToken = await mailedCode(app, SIGNUP_SEND, nina)
    await app.assertEvents()
    const fields = { customFields: { a: 1 }, metaData: { b: 2 } }
    const chosen = { plans: [{ planId: tour.id }] }
    const reply = await useToSignUp(app, { email: nina, passwordlessToken, ...fields, ...chosen })
    assert.equal(reply.status, 200, JSON.stringify(reply.body))
    const { member, tokens } = reply.body.data
    const { id, createdAt, lastLogin, planConnections } = member
    const about = { id, email: nina, hasPassword: false, verified: true, createdAt, lastLogin, planConnections }
    assertAuth(reply.body.data, { member: clientRecord({ ...about, ...fields }), redirect: '/tour/start' })
    assert.equal(planConnections.length, 1)
    await app.assertEvents('member.created', 'member.plan.added', 'member.signed_in')
    await assertLive(app, [true], [tokens.accessToken])
    assertRefused(await tryLogin(app, nina, ''), 'requiredFieldMissing', 'password')
    assertRefused(await tryLogin(app, nina, passwordlessToken), 'invalidCredentials')
  })

  test('wants a code for this very email, and makes nobody without one', async () => {
    const app = await startApp(ACME)
    const passwordlessToken = await mailedCode(app, SIGNUP_SEND, nina)
    assertRefused(await useToSignUp(app, { email: 'eve@acme.example', passwordlessToken }), 'wrongPasswordlessCode')
    assertRefused(await useToSignUp(app, { email: nina }), 'requiredFieldMissing', 'passwordlessToken')
    const instead = { email: nina, password: 'a password instead' }
    assertRefused(await useToSignUp(app, instead), 'requiredFieldMissing', 'passwordlessToken')
    assertRefused(await useToSignUp(app, { passwordlessToken }), 'requiredFieldMissing', 'email')
    await app.assertEvents()
    assert.equal((await useToSignUp(app, { email: nina.toUpperCase(), passwordlessToken })).status, 200)
  })

  test('is refused for an email that is taken, when the code is asked for and when it is used', async () => {
    const app = await startApp(ACME)
    const asked = await callClient(app, 'POST', SIGNUP_SEND, { body: { email: ada.email.toLowerCase() } })
    assertRefused(asked, 'emailTaken')
    assert.deepEqual(await app.mailsTo(ada.email), [])
    const passwordlessToken = await mailedCode(app, SIGNUP_SEND, nina)
    await signUp(app, { email: nina })
    await app.newEvents()
    assertRefused(await useToSignUp(app, { email: nina, passwordlessToken }), 'emailTaken')
    await app.assertEvents()
  })

  test('that is refused for a plan leaves the code good', async () => {
    const app = await startApp(ACME)
    const passwordlessToken = await mailedCode(app, SIGNUP_SEND, nina)
    const staff = { email: nina, passwordlessToken, plans: [{ planId: plans.staff.id }] }
    assertRefused(await useToSignUp(app, staff), 'planRestricted')
    await app.assertEvents()
    assert.equal((await useToSignUp(app, { email: nina, passwordlessToken })).status, 200)
  })

  test('leaves a member who may set a password, once', async () => {
    const app = await startApp(ACME)
    const passwordlessToken = await mailedCode(app, SIGNUP_SEND, nina)
    const { member, tokens } = (await useToSignUp(app, { email: nina, passwordlessToken })).body.data
    const token: string = tokens.accessToken
    await app.newEvents()
    const set = (body: object) => callClient(app, 'POST', '/member/set-password', { token, body })
    assertRefused(await set({}), 'requiredFieldMissing', 'password')
    assertRefused(await set({ password: '1234567' }), 'passwordTooShort')
    const change = { oldPassword: '', newPassword: NEW_PASSWORD }
    assert.equal((await callClient(app, 'POST', '/member-auth', { token, body: change })).status, 400)
    await app.assertEvents()
    const done = await set({ password: NEW_PASSWORD })
    const { auth } = member
    assert.deepEqual(done.body, { data: { ...member, auth: { ...auth, hasPassword: true } } })
    await app.assertEvents('member.password_changed')
    assertRefused(await set({ password: 'yet another one' }), 'badField')
    await app.assertEvents()
    await loginToken(app, nina, NEW_PASSWORD)
    await assertLive(app, [true], [token])
  })
})

describe('login without a password', () => {
  test('answers Auth to members with a password and without', async () => {
    const app = await startApp(ACME)
    for (const [email, id] of [
      [ada.email, ids.ada],
      [ben.email, ids.ben],
    ] as const) {
      const passwordlessToken = await mailedCode(app, LOGIN_SEND, email)
      const body = { email: email.toUpperCase(), passwordlessToken }
      const auth = await okClient(app, 'POST', '/auth/passwordless/login', { body })
      const member = await okClient(app, 'GET', '/member', { token: auth.tokens.accessToken })
      assert.equal(member.id, id)
      assert.equal(member.lastLogin, new Date(app.clock.now()).toISOString())
      assertAuth(auth, { member, redirect: id === ids.ada ? '/ada-welcome' : '' })
      await app.assertEvents('member.signed_in')
    }
  })

  test('is refused to an email that nobody has, when the code is asked for', async () => {
    const app = await startApp(SEED)
    for (const [email, key] of [
      [nina, keys.acmePublic],
      [ben.email, keys.acmeLivePublic],
      [ben.email, keys.globexPublic],
    ] as const) {
      assertRefused(await callClient(app, 'POST', LOGIN_SEND, { body: { email }, key }), 'memberNotFound')
      assert.deepEqual(await app.mailsTo(email), [])
    }
    await app.assertEvents()
  })

  test('takes a code for its own email, environment and purpose alone', async () => {
    const app = await startApp(SEED)
    const email = ada.email
    const sandbox = await mailedCode(app, LOGIN_SEND, email)
    const reset = await mailedCode(app, '/auth/send-reset-password-email', email)
    const use = (body: object, key = keys.acmePublic) =>
      callClient(app, 'POST', '/auth/passwordless/login', { body, key })
    assertRefused(await use({ email, passwordlessToken: sandbox }, keys.acmeLivePublic), 'wrongPasswordlessCode')
    assertRefused(await use({ email, passwordlessToken: sandbox }, keys.globexPublic), 'wrongPasswordlessCode')
    assertRefused(await use({ email: ben.email, passwordlessToken: sandbox }), 'wrongPasswordlessCode')
    if (reset !== sandbox) assertRefused(await use({ email, passwordlessToken: reset }), 'wrongPasswordlessCode')
    await app.assertEvents()
    assert.equal((await use({ email, passwordlessToken: sandbox })).status, 200)
  })

  test('does not get round the limit on failed logins', async () => {
    const app = await startApp(ACME)
    const passwordlessToken = await mailedCode(app, LOGIN_SEND, ada.email)
    for (let time = 0; time < 10; time++) await tryLogin(app, ada.email, 'not the password')
    await app.newEvents()
    const body = { email: ada.email, passwordlessToken }
    assertTooMany(await callClient(app, 'POST', '/auth/passwordless/login', { body }), 15 * MINUTE)
    await app.assertEvents()
  })
})

test('where it is switched off nothing without a password is served, and the rest is', async () => {
  const app = await startApp(acmeSeed({ passwordless: false }))
  for (const [path, body] of [
    [LOGIN_SEND, { email: ada.email }],
    [SIGNUP_SEND, { email: nina }],
    ...codeRoutes.slice(0, 2).map(route => [route.path, route.body ?? {}] as const),
  ] as const) {
    assertRefused(await callClient(app, 'POST', path, { body }), 'accessDenied')
  }
  await app.assertEvents()
  for (const email of [ada.email, nina]) assert.deepEqual(await app.mailsTo(email), [])
  await loginToken(app, ada.email)
  await mailedCode(app, '/auth/send-reset-password-email', ada.email)
})

describe('email verification', () => {
  test('makes the email of the member verified, and says so once', async () => {
    const app = await startApp(ACME)
    const token = await tokenFor(app, nina)
    await app.newEvents()
    const code = await mailedCode(app, VERIFICATION_SEND, nina, { token })
    await app.assertEvents()
    const body = { token: code }
    assert.deepEqual(await okClient(app, 'POST', '/auth/verify-email', { token, body }), { success: true })
    await app.assertEvents('member.updated')
    assert.equal((await okClient(app, 'GET', '/member', { token })).verified, true)
    assert.equal((await getMember(app, nina)).verified, true)
  })

  for (const [who, change] of [
    [
      'the member',
      (app, token) => okClient(app, 'POST', '/member-auth', { token, body: { email: 'new@acme.example' } }),
    ],
    [
      'Admin',
      async app => {
        const { id } = await getMember(app, nina)
        return ok(app, 'PATCH', `/members/${id}`, { body: { email: 'new@acme.example' } })
      },
    ],
  ] as [string, (app: TestApp, token: string) => Promise<unknown>][]) {
    test(`is of the email that the mail went to: a change by ${who} voids the code`, async () => {
      const app = await startApp(ACME)
      const token = await tokenFor(app, nina)
      const body = { token: await mailedCode(app, VERIFICATION_SEND, nina, { token }) }
      await change(app, token)
      await app.newEvents()
      assertRefused(await callClient(app, 'POST', '/auth/verify-email', { token, body }), 'wrongVerificationCode')
      await app.assertEvents()
      assert.equal((await okClient(app, 'GET', '/member', { token })).verified, false)
    })
  }

  test('takes the code from the member it was mailed to alone', async () => {
    const app = await startApp(ACME)
    const token = await tokenFor(app, nina)
    const eve = await tokenFor(app, 'eve@acme.example')
    const body = { token: await mailedCode(app, VERIFICATION_SEND, nina, { token }) }
    const stolen = await callClient(app, 'POST', '/auth/verify-email', { token: eve, body })
    assertRefused(stolen, 'wrongVerificationCode')
    assertRefused(await callClient(app, 'POST', '/auth/verify-email', { body }), 'loginRequired')
    assert.equal((await callClient(app, 'POST', '/auth/verify-email', { token, body })).status, 200)
  })
})

test('a mail says which app it is from, and its text is for the one who asked', async () => {
  const app = await startApp(ACME)
  await okClient(app, 'POST', SIGNUP_SEND, { body: { email: nina } })
  const [mail] = await app.mailsTo(nina)
  assert.ok(mail)
  assert.match(`${mail.subject} ${mail.text}`, /Acme Club/)
  assert.doesNotMatch(mail.subject, new RegExp(codeIn(mail.text)), 'a subject is shown in lists and previews')
})
