// Memberstack contract section 10, sign-up: what it takes, what it answers, what it refuses, and that it gives nobody
// what only Admin may give.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ACME,
  acmeSeed,
  assertAuth,
  clientRecord,
  crowd,
  signUp,
  tokenFor,
  tour,
} from './memberstack.client.support.ts'
import {
  acme,
  assertRefused,
  CONNECTION_ID,
  callClient,
  freeConnection,
  getMember,
  type Json,
  keys,
  LIVE_MEMBER_ID,
  login,
  MEMBER_ID,
  memberRecord,
  ok,
  okClient,
  PASSWORD,
  plans,
  type Refusal,
  SEED,
  START,
} from './memberstack.support.ts'
import { startApp, type TestApp } from './support.ts'

const email = 'Nina@acme.example'

/** Tries to sign up, with what Nina would send and these fields; undefined takes one away. */
function trySignUp(app: TestApp, fields: object, key: string = keys.acmePublic) {
  return callClient(app, 'POST', '/auth/signup', { key, body: { email, password: PASSWORD, ...fields } })
}

test('sign-up makes a member who is logged in, and answers Auth', async () => {
  const app = await startApp(ACME)
  const fields = { customFields: { 'first-name': 'Nina', address: { city: 'Oslo' } }, metaData: { campaign: 'spring' } }
  const auth = await signUp(app, { email, ...fields })
  const { id } = auth.member
  assert.match(id, MEMBER_ID)
  assertAuth(auth, { member: clientRecord({ id, email, ...fields }) })
  assert.deepEqual(await okClient(app, 'GET', '/member', { token: auth.tokens.accessToken }), auth.member)

  const shown = await getMember(app, id)
  assert.deepEqual(shown, memberRecord({ id, auth: { email }, lastLogin: START, ...fields }))
  const [created, ...more] = await app.newEvents()
  assert.deepEqual([created?.type, created?.subject, created?.tenant], ['member.created', id, acme.id])
  assert.deepEqual(created?.data, { environment: 'sandbox', member: shown })
  assert.deepEqual(
    more.map(({ type }) => type),
    ['member.signed_in'],
  )
  assert.equal((await login(app, email.toUpperCase())).member.id, id)
})

test('sign-up with plans joins the free ones at once, skips paid ones, and leads where the plan says', async () => {
  const app = await startApp(ACME)
  const chosen = [plans.paid, tour, plans.free, plans.once, tour].map(({ id }) => ({ planId: id }))
  const auth = await signUp(app, { email, plans: chosen })
  const [first, second] = auth.member.planConnections
  assert.match(first.id, CONNECTION_ID)
  assert.deepEqual(auth.member.planConnections, [freeConnection(first.id, tour), freeConnection(second.id, plans.free)])
  assert.deepEqual(auth.member.permissions, ['view:library'])
  assert.equal(auth.redirect, '/tour/start')
  await app.assertEvents('member.created', 'member.plan.added', 'member.plan.added', 'member.signed_in')

  const paidOnly = await signUp(app, { email: 'otto@acme.example', plans: [{ planId: plans.paid.id }] })
  assert.deepEqual([paidOnly.member.planConnections, paidOnly.redirect], [[], ''])
  await app.assertEvents('member.created', 'member.signed_in')
})

test('what only Admin or the server may say is not taken from a sign-up, and what browsers add is ignored', async () => {
  const app = await startApp(ACME)
  const added = {
    captchaToken: 'captcha',
    inviteToken: 'invite',
    origin_domain: 'www.acme.example',
    conversionData: { fbp: 'x' },
    options: { includeContentGroups: true },
  }
  const claimed = {
    id: 'mem_sb_cmine00000000000000000000',
    verified: true,
    permissions: ['edit:everything'],
    stripeCustomerId: 'cus_ada',
    createdAt: '2001-01-01T00:00:00.000Z',
    planConnections: [{ planId: plans.staff.id, active: true }],
    lastLogin: null,
  }
  const { member } = await signUp(app, { email, ...added, ...claimed })
  assert.notEqual(member.id, claimed.id)
  assert.deepEqual(member, clientRecord({ id: member.id, email }))
})

test('a sign-up is refused, and nothing made', async t => {
  const long = 'x'.repeat(1001)
  const tooLong = `${'a'.repeat(254 - '@acme.example'.length + 1)}@acme.example`
  const badEmails = [
    'nina',
    'nina@',
    '@acme.example',
    'nina@acme',
    'ni na@acme.example',
    ' nina@acme.example',
    'nina@acme.example\n',
    'nina@eve@acme.example',
    tooLong,
  ]
  const cases: [string, object, Refusal, ...string[]][] = [
    ['without an email', { email: undefined }, 'requiredFieldMissing', 'email'],
    ['without a password', { password: undefined }, 'requiredFieldMissing', 'password'],
    ...badEmails.map((bad): [string, object, Refusal] => [
      `for the email ${JSON.stringify(bad.slice(0, 20))}`,
      { email: bad },
      'invalidEmail',
    ]),
    ['for an email of the wrong type', { email: 7 }, 'badField', 'email'],
    ['for a password of the wrong type', { password: 12345678 }, 'badField', 'password'],
    ['for a password of 7 characters', { password: '1234567' }, 'passwordTooShort'],
    ['for a password of 1,001 characters', { password: long }, 'badField', 'password'],
    ['for custom fields that are text', { customFields: 'x' }, 'badField', 'customFields'],
    ['for custom fields that are a list', { customFields: ['x'] }, 'badField', 'customFields'],
    ['for metadata that is a number', { metaData: 5 }, 'badField', 'metaData'],
    ['for plans that are no list', { plans: { planId: plans.free.id } }, 'badField', 'plans'],
    ['for plans given as texts', { plans: [plans.free.id] }, 'badField', 'plans'],
    ['for an email that is taken, in other letters', { email: 'ADA@Acme.example' }, 'emailTaken'],
    ['for a plan that does not exist', { plans: [{ planId: 'pln_none' }] }, 'planNotFound'],
    ['for an inactive plan', { plans: [{ planId: plans.retired.id }] }, 'planNotFound'],
    ['for a plan of the other environment', { plans: [{ planId: plans.liveOnly.id }] }, 'planNotFound'],
    ['for a plan that Admin gives', { plans: [{ planId: plans.staff.id }] }, 'planRestricted'],
    [
      'for one bad plan among good ones',
      { plans: [plans.free, plans.staff].map(({ id }) => ({ planId: id })) },
      'planRestricted',
    ],
  ]
  const app = crowd(await startApp(ACME))
  for (const [name, fields, refusal, ...texts] of cases) {
    await t.test(name, async () => {
      assertRefused(await trySignUp(app, fields), refusal, ...texts)
      await app.assertEvents()
      assert.equal((await ok(app, 'GET', '/members')).totalCount, 2)
    })
  }

  await t.test('while the longest of everything is taken', async () => {
    const longest = { email: tooLong.slice(1), password: long.slice(1) }
    await signUp(app, longest)
    await login(app, longest.email, longest.password)
    await signUp(app, { email: 'short@acme.example', password: '12345678' })
    await login(app, 'short@acme.example', '12345678')
  })
})

test('the environments and apps of one email are different members', async () => {
  const app = await startApp(SEED)
  const made: Json[] = []
  for (const key of [keys.acmePublic, keys.acmeLivePublic, keys.globexPublic, keys.globexLivePublic]) {
    made.push(await signUp(app, { email }, { key }))
    assertRefused(await trySignUp(app, {}, key), 'emailTaken')
  }
  const ids = made.map(({ member }) => member.id)
  assert.equal(new Set(ids).size, 4)
  for (const [index, pattern] of [MEMBER_ID, LIVE_MEMBER_ID, MEMBER_ID, LIVE_MEMBER_ID].entries()) {
    assert.match(ids[index], pattern)
  }
  for (const [key, index] of [
    [keys.acme, 0],
    [keys.acmeLive, 1],
    [keys.globex, 2],
    [keys.globexLive, 3],
  ] as const) {
    assert.equal((await getMember(app, email, { key })).id, ids[index])
    for (const id of ids.toSpliced(index, 1)) assert.equal(await getMember(app, id, { key }), null)
  }
  const created = (await app.newEvents()).filter(({ type }) => type === 'member.created')
  assert.deepEqual(
    created.map(({ tenant, data }) => [tenant, data.environment]),
    [
      [acme.id, 'sandbox'],
      [acme.id, 'live'],
      ['app_cglobex00000000000000000g', 'sandbox'],
      ['app_cglobex00000000000000000g', 'live'],
    ],
  )
})

test('with a list of fields a sign-up stores those, and none that Admin keeps to itself', async () => {
  const field = { label: 'Country', hidden: false, visibility: 'PUBLIC', restrictToAdmin: false }
  const customFields = [
    { ...field, key: 'country' },
    { ...field, key: 'score', label: 'Score', restrictToAdmin: true },
  ]
  const app = await startApp(acmeSeed({ customFields }))
  const sent = { country: 'Norway', score: 100, nickname: 'Nin' }
  const { member, tokens } = await signUp(app, { email, customFields: sent })
  assert.deepEqual(member.customFields, { country: 'Norway' })
  const updated = await okClient(app, 'POST', '/member', {
    token: tokens.accessToken,
    body: { customFields: { country: 'Sweden', score: 7, nickname: 'N' } },
  })
  assert.deepEqual(updated.customFields, { country: 'Sweden' })
  const byAdmin = await ok(app, 'PATCH', `/members/${member.id}`, {
    body: { customFields: { score: 7, nickname: 'N' } },
  })
  assert.deepEqual(byAdmin.customFields, { country: 'Sweden', score: 7 })
})

test('a sandbox with a cap takes no more members than that; live has none, and a delete makes room', async () => {
  const app = await startApp(acmeSeed({ sandboxMemberLimit: 3 }))
  const token = await tokenFor(app, email)
  await app.newEvents()
  assertRefused(await trySignUp(app, { email: 'otto@acme.example' }), 'memberLimit')
  await app.assertEvents()
  for (const name of ['a', 'b', 'c', 'd']) {
    await signUp(app, { email: `${name}@acme.example` }, { key: keys.acmeLivePublic })
  }
  await okClient(app, 'DELETE', '/member', { token })
  await signUp(app, { email: 'otto@acme.example' })
})

test('a password is in no answer, event or log line, and in no row of the store', async () => {
  const app = await startApp(ACME)
  const secret = 'a password nobody else has'
  const auth = await signUp(app, { email, password: secret })
  await login(app, email, secret)
  await callClient(app, 'POST', '/auth/login', { body: { email, password: `${secret}!` } })
  assertRefused(await trySignUp(app, { password: secret }), 'emailTaken')
  const { db } = app.app.context
  const rows: unknown[] = []
  for (const { name } of await db.introspection.getTables()) {
    // The tables are the schema's own: any of them may hold it by mistake.
    rows.push(
      await db
        .selectFrom(name as 'events')
        .selectAll()
        .execute(),
    )
  }
  const seen = JSON.stringify([auth, await getMember(app, email), await app.newEvents(), app.log, rows])
  assert.ok(seen.includes(email))
  assert.ok(!seen.includes(secret))
  assert.ok(!JSON.stringify([app.log, rows]).includes(auth.tokens.accessToken), 'nor is a token')
})
