// A person who leaves is a member no longer: no token works, no login is let in, in no app and no environment; and what
// comes back with them.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  ACME,
  assertLive,
  callRoute,
  codeIn,
  isLive,
  loginToken,
  mailedCode,
  memberRoutes,
  NEW_PASSWORD,
  tokenFor,
  tour,
  tryLogin,
  verifyToken,
} from './memberstack.client.support.ts'
import {
  ada,
  assertRefused,
  callClient,
  control,
  getMember,
  ids,
  type Json,
  keys,
  login,
  ok,
  okClient,
  PASSWORD,
  plans,
  SEED,
} from './memberstack.support.ts'
import { startApp, type TestApp } from './support.ts'

const email = 'ada@acme.example'

const offboard = (app: TestApp, who: string = email) => control(app, 'POST', `/holders/${who}/offboard`)
const restore = (app: TestApp, who: string = email) => control(app, 'POST', `/holders/${who}/restore`)

/** Where Ada is a member: public and secret key, and her id. */
const adas = [
  { key: keys.acmePublic, secret: keys.acme, id: ids.ada },
  { key: keys.acmeLivePublic, secret: keys.acmeLive, id: ids.adaLive },
  { key: keys.globexPublic, secret: keys.globex, id: ids.adaGlobex },
]

const removing = { offboarding: { removePlans: true } }

async function written(app: TestApp): Promise<[string, string, unknown][]> {
  return (await app.newEvents()).map(({ type, tenant, data }) => [type, tenant, data.environment])
}

const everywhere = (type: string): [string, string, unknown][] => [
  [type, ids.acme, 'sandbox'],
  [type, ids.acme, 'live'],
  [type, ids.globex, 'sandbox'],
]

test('an offboarded person has no token and no login anywhere; nobody else is concerned', async () => {
  const app = await startApp(SEED)
  const held = await Promise.all(
    adas.map(async ({ key, ...rest }) => ({ ...rest, key, token: await loginToken(app, email, PASSWORD, { key }) })),
  )
  const second = await loginToken(app, email)
  const other = await tokenFor(app, 'nina@acme.example')
  await app.newEvents()

  await offboard(app, 'ADA@acme.example')
  assert.deepEqual((await written(app)).toSorted(), everywhere('member.suspended').toSorted())
  for (const { key, secret, token } of held) {
    assert.equal(await isLive(app, token, { key }), false)
    assertRefused(await callClient(app, 'GET', '/member/json', { key, token }), 'badToken')
    assertRefused(await verifyToken(app, token, secret), 'invalidToken')
    assertRefused(await tryLogin(app, email, PASSWORD, { key }), 'invalidCredentials')
    assertRefused(await tryLogin(app, email, 'not the password', { key }), 'invalidCredentials')
  }
  await assertLive(app, [false, true], [second, other])
  await loginToken(app, 'nina@acme.example')
})

test('every route of a member is closed to a token of theirs', async () => {
  const app = await startApp(ACME)
  const token = await loginToken(app, email)
  await offboard(app)
  await app.newEvents()
  for (const route of memberRoutes) assertRefused(await callRoute(app, route, { token }), 'badToken')
  const { member } = await okClient(app, 'GET', '/app-member', { token })
  assert.equal(member, null)
  await app.assertEvents()
})

test('no code lets them in, neither one from before nor a new one, and no new password', async () => {
  const app = await startApp(ACME)
  await mailedCode(app, '/auth/passwordless/login/send', email)
  const token = await mailedCode(app, '/auth/send-reset-password-email', email)
  await offboard(app)
  await app.newEvents()
  await callClient(app, 'POST', '/auth/reset-password', { body: { token, newPassword: NEW_PASSWORD } })
  for (const password of [PASSWORD, NEW_PASSWORD]) {
    assertRefused(await tryLogin(app, email, password), 'invalidCredentials')
  }
  await callClient(app, 'POST', '/auth/passwordless/login/send', { body: { email } })
  for (const { text } of await app.mailsTo(email)) {
    const body = { email, passwordlessToken: codeIn(text) }
    const { status } = await callClient(app, 'POST', '/auth/passwordless/login', { body })
    assert.ok([400, 401].includes(status), `status ${status}`)
  }
  assert.ok(!(await app.newEvents()).some(({ type }) => type === 'member.signed_in'))
})

test('nobody is told that a person was offboarded: to forget the password is answered as ever', async () => {
  const app = await startApp(ACME)
  await offboard(app)
  const [theirs, nobodys] = await Promise.all(
    [email, 'nobody@acme.example'].map(to =>
      callClient(app, 'POST', '/auth/send-reset-password-email', { body: { email: to } }),
    ),
  )
  assert.deepEqual([theirs?.status, theirs?.body], [200, nobodys?.body])
})

test('they are still a member: Admin sees them as before, and their email is not free', async () => {
  const app = await startApp(ACME)
  const before = await getMember(app, ids.ada)
  await offboard(app)
  assert.deepEqual(await getMember(app, ids.ada), before)
  assert.deepEqual(await getMember(app, email), before)
  assert.equal((await ok(app, 'GET', '/members')).totalCount, 2)
  const body = { email, password: PASSWORD }
  assertRefused(await callClient(app, 'POST', '/auth/signup', { body }), 'emailTaken')
})

test('a restored person logs in again; the tokens from before stay ended', async () => {
  const app = await startApp(SEED)
  const tokens = [await loginToken(app, email), await loginToken(app, email)]
  await offboard(app)
  await app.newEvents()
  await restore(app)
  assert.deepEqual((await written(app)).toSorted(), everywhere('member.resumed').toSorted())
  tokens.push(await loginToken(app, email))
  await assertLive(app, [false, false, true], tokens)
  for (const token of tokens.slice(0, 2)) assertRefused(await verifyToken(app, token), 'invalidToken')
  for (const { key, id } of adas) assert.equal((await login(app, email, PASSWORD, { key })).member.id, id)
})

test('to offboard or restore again, or a stranger, does nothing more', async () => {
  const app = await startApp(ACME)
  await restore(app)
  await offboard(app, 'stranger@acme.example')
  await restore(app, 'stranger@acme.example')
  await app.assertEvents()
  await offboard(app)
  await app.newEvents()
  await offboard(app)
  await app.assertEvents()
  await restore(app)
  await app.newEvents()
  await restore(app)
  await app.assertEvents()
})

describe('plans', () => {
  const planIds = (member: Json) => member.planConnections.map(({ planId }: Json) => planId)

  test('stay where they are, unless the configuration says otherwise', async () => {
    const app = await startApp(ACME)
    const before = await getMember(app, ids.ada)
    await offboard(app)
    await app.assertEvents('member.suspended', 'member.suspended')
    assert.deepEqual((await getMember(app, ids.ada)).planConnections, before.planConnections)
  })

  test('go with the person where the configuration says so, and come back with them', async () => {
    const app = await startApp(ACME, removing)
    await ok(app, 'POST', `/members/${ids.ada}/add-plan`, { body: { planId: tour.id } })
    const before = await getMember(app, ids.ada)
    assert.deepEqual(planIds(before), [plans.free.id, tour.id])
    await app.newEvents()

    await offboard(app)
    const gone = await app.newEvents()
    const types = gone.map(({ type }) => type).toSorted()
    assert.deepEqual(types, ['member.plan.canceled', 'member.plan.canceled', 'member.suspended', 'member.suspended'])
    const canceled = gone.filter(({ type }) => type === 'member.plan.canceled')
    for (const [index, connection] of before.planConnections.entries()) {
      assert.deepEqual(canceled[index]?.data, {
        environment: 'sandbox',
        id: ids.ada,
        member: { id: ids.ada, email: ada.email },
        planConnection: { ...connection, active: false, status: 'CANCELED' },
      })
    }
    const without = await getMember(app, ids.ada)
    assert.deepEqual([without.planConnections, without.permissions], [[], ada.permissions])

    await restore(app)
    const back = (await app.newEvents()).map(({ type }) => type).toSorted()
    assert.deepEqual(back, ['member.plan.added', 'member.plan.added', 'member.resumed', 'member.resumed'])
    const { planConnections, permissions } = await getMember(app, ids.ada)
    assert.deepEqual([...planIds({ planConnections })].toSorted(), [plans.free.id, tour.id].toSorted())
    assert.deepEqual([...permissions].toSorted(), [...before.permissions].toSorted())
  })

  test('that were taken away before do not come back', async () => {
    const app = await startApp(ACME, removing)
    await ok(app, 'POST', `/members/${ids.ada}/add-plan`, { body: { planId: plans.plus.id } })
    await ok(app, 'POST', `/members/${ids.ada}/remove-plan`, { body: { planId: plans.free.id } })
    await offboard(app)
    await restore(app)
    assert.deepEqual(planIds(await getMember(app, ids.ada)), [plans.plus.id])
  })

  test('that Admin gave meanwhile are not held twice', async () => {
    const app = await startApp(ACME, removing)
    await offboard(app)
    await ok(app, 'POST', `/members/${ids.ada}/add-plan`, { body: { planId: plans.free.id } })
    await restore(app)
    assert.deepEqual(planIds(await getMember(app, ids.ada)), [plans.free.id])
  })
})

test('a member deleted while offboarded is gone; a newcomer with the email is not concerned', async () => {
  const app = await startApp(ACME)
  await offboard(app)
  await ok(app, 'DELETE', `/members/${ids.ada}`)
  const token = await tokenFor(app, email)
  await app.newEvents()
  await restore(app)
  assert.deepEqual((await written(app)).toSorted(), everywhere('member.resumed').slice(0, 2).toSorted())
  await assertLive(app, [true], [token])
})

test('the plans of a member deleted while offboarded come back with the member, and are told then at the earliest', async () => {
  const app = await startApp(ACME, removing)
  await offboard(app)
  await ok(app, 'DELETE', `/members/${ids.ada}`)
  await app.newEvents()
  await restore(app)
  assert.deepEqual((await written(app)).toSorted(), everywhere('member.resumed').slice(0, 2).toSorted())
  await control(app, 'POST', `/memberstack/apps/${ids.acme}/members/${ids.ada}/restore`)
  const { planConnections } = await getMember(app, ids.ada)
  assert.deepEqual(
    planConnections.map(({ planId }: Json) => planId),
    [plans.free.id],
  )
})

test('a new email does not keep a member from coming back', async () => {
  const app = await startApp(ACME)
  await offboard(app)
  await ok(app, 'PATCH', `/members/${ids.ada}`, { body: { email: 'ada.new@acme.example' } })
  assertRefused(await tryLogin(app, 'ada.new@acme.example', PASSWORD), 'invalidCredentials')
  await restore(app)
  await restore(app, 'ada.new@acme.example')
  await loginToken(app, 'ada.new@acme.example')
})

test('a member whose person left under two emails is out until both have come back, and so are its plans', async () => {
  const app = await startApp(ACME, removing)
  const later = 'ada.new@acme.example'
  const planIds = async () => (await getMember(app, ids.ada)).planConnections.map(({ planId }: Json) => planId)
  const types = async () => (await app.newEvents()).filter(({ subject }) => subject === ids.ada).map(({ type }) => type)
  const leave = async () => {
    await offboard(app)
    await ok(app, 'PATCH', `/members/${ids.ada}`, { body: { email: later } })
    await ok(app, 'POST', `/members/${ids.ada}/add-plan`, { body: { planId: tour.id } })
    await types()
    for (const _twice of [1, 2]) await offboard(app, later)
    assert.deepEqual(await types(), ['member.cause_added', 'member.plan.canceled'])
  }
  const path = `/memberstack/apps/${ids.acme}/members/${ids.ada}`
  for (const [first, second] of [
    [email, later],
    [later, email],
  ] as const) {
    await leave()
    const causes = [email, later].map(who => `offboarding:${who}`)
    assert.deepEqual((await control(app, 'GET', path)).suspendedBy, causes)
    await restore(app, first)
    assert.deepEqual(await types(), ['member.cause_removed'])
    assert.deepEqual((await control(app, 'GET', path)).suspendedBy, [`offboarding:${second}`])
    assertRefused(await tryLogin(app, later, PASSWORD), 'invalidCredentials')
    assert.deepEqual(await planIds(), [])
    await restore(app, second)
    assert.deepEqual(await types(), ['member.resumed', 'member.plan.added', 'member.plan.added'])
    assert.deepEqual((await planIds()).toSorted(), [plans.free.id, tour.id].toSorted())
    await loginToken(app, later)
    await ok(app, 'PATCH', `/members/${ids.ada}`, { body: { email } })
    await ok(app, 'POST', `/members/${ids.ada}/remove-plan`, { body: { planId: tour.id } })
  }
})

test('a membership that was deleted when its person left comes back without a way in', async () => {
  const app = await startApp(ACME)
  await ok(app, 'DELETE', `/members/${ids.ada}`)
  await offboard(app)
  await control(app, 'POST', `/memberstack/apps/${ids.acme}/members/${ids.ada}/restore`)
  assertRefused(await tryLogin(app, email, PASSWORD), 'invalidCredentials')
})
