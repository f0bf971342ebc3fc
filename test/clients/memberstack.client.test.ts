// Memberstack's official package for client code, unmodified, in Node and over a socket: contract section 17.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import memberstackClient from '@memberstack/client'
import {
  ACME,
  assertAuth,
  clientRecord,
  codeIn,
  gold,
  LIFETIME,
  NEW_PASSWORD,
  tour,
  verifyToken,
} from '../memberstack.client.support.ts'
import { freeConnection, type Json, keys, MEMBER_ID, PASSWORD, plans, START } from '../memberstack.support.ts'
import { startApp, type TestApp } from '../support.ts'
import { assertRejects } from './rejects.ts'

type Client = ReturnType<typeof memberstackClient.default.init>

const EMAIL = 'grace@acme.example'

interface Started {
  app: TestApp
  client: Client
  /** The package as it is set up with a token from the start. */
  clientWith(token: string): Client
}

async function start({ publicKey = keys.acmePublic, ending = '' } = {}): Promise<Started> {
  const app = await startApp(ACME)
  const customEndpoint = `${await app.app.listen()}${ending}`
  const clientWith = (token: string) => memberstackClient.default.init({ publicKey, customEndpoint, token })
  return { app, clientWith, client: memberstackClient.default.init({ publicKey, customEndpoint }) }
}

async function signUp(client: Client, fields: object = {}): Promise<Json> {
  const { data } = await client.signupMemberEmailPassword({ email: EMAIL, password: PASSWORD, plans: [], ...fields })
  return data
}

for (const ending of ['', '/']) {
  describe(`an endpoint that ends with "${ending}"`, () => {
    test('sign-up, current member, decode, update, json, plans, logout', async () => {
      const { app, client, clientWith } = await start({ ending })
      const fields = { customFields: { country: 'Norway' }, metaData: { source: 'app' } }
      const auth = await signUp(client, { ...fields, plans: [{ planId: tour.id }] })
      const { id, planConnections } = auth.member
      assert.match(id, MEMBER_ID)
      const toured = [freeConnection(planConnections[0].id, tour)]
      const member = clientRecord({ id, email: EMAIL, ...fields, planConnections: toured })
      assertAuth(auth, { member, redirect: '/tour/start' })
      const token: string = auth.tokens.accessToken
      const asMember = { token }

      assert.deepEqual(await client.getCurrentMember(asMember), { data: member })
      assert.deepEqual(await clientWith(token).getCurrentMember(), { data: member })
      assert.deepEqual(await client.getCurrentMember(), { data: null })

      const claims = await client.decodeToken({ token })
      const iat = Date.parse(START) / 1000
      assert.deepEqual([claims.id, claims.type, claims.iat, claims.exp], [id, 'member', iat, iat + LIFETIME])
      assert.deepEqual((await verifyToken(app, token)).body, { data: claims })

      const changes = { customFields: { country: null, city: 'Oslo' }, metaData: { source: '', score: 0 } }
      const updated = { ...member, customFields: { city: 'Oslo' }, metaData: { score: 0 } }
      assert.deepEqual(await client.updateMember(changes, asMember), { data: updated })
      assert.deepEqual(await client.updateMember({}, asMember), { data: updated })

      assert.deepEqual(await client.getMemberJSON(asMember), { data: {} })
      assert.deepEqual(await client.updateMemberJSON({ json: { a: [1] } }, asMember), { data: { a: [1] } })
      assert.deepEqual(await clientWith(token).getMemberJSON(), { data: { a: [1] } })

      const { data: added }: Json = await client.addPlan({ planId: plans.free.id }, asMember)
      assert.deepEqual(Object.keys(added).toSorted(), ['app', 'member', 'redirect'])
      assert.deepEqual(added.app, (await client.getApp()).data)
      assert.deepEqual(added.member, (await client.getCurrentMember(asMember)).data)
      assert.deepEqual(added.member.permissions, plans.free.permissions)

      assert.deepEqual(await client.logout(asMember), { data: { redirect: '/tour/bye' } })
      assert.deepEqual(await client.getCurrentMember(asMember), { data: null })
      await assertRejects(client.getMemberJSON(asMember), 'client/invalid-token')
      await assertRejects(client.getMemberJSON(), 'login-required')
      const again: Json = await client.logout(asMember)
      assert.equal(typeof again.data.redirect, 'string')
      assert.equal((await verifyToken(app, token)).status, 400)
    })
  })
}

test('login: the right password, a wrong one, nobody', async () => {
  const { client } = await start()
  const first = await signUp(client)
  const { data: auth } = await client.loginMemberEmailPassword({ email: EMAIL.toUpperCase(), password: PASSWORD })
  assertAuth(auth, { member: clientRecord({ id: first.member.id, email: EMAIL }) })
  assert.notEqual(auth.tokens.accessToken, first.tokens.accessToken)
  const invalid = ['invalid-credentials', 'The provided credentials are invalid.'] as const
  await assertRejects(client.loginMemberEmailPassword({ email: EMAIL, password: NEW_PASSWORD }), ...invalid)
  await assertRejects(client.loginMemberEmailPassword({ email: 'no@acme.example', password: PASSWORD }), ...invalid)
  await assertRejects(signUp(client), 'email-already-in-use', 'An account with this email already exists.')
})

test('a new email and a new password', async () => {
  const { client } = await start()
  const { member, tokens } = await signUp(client)
  const asMember = { token: tokens.accessToken }
  const email = 'hopper@acme.example'
  const moved = { ...member, auth: { ...member.auth, email } }
  assert.deepEqual(await client.updateMemberAuth({ email }, asMember), { data: moved })
  const wrong = { oldPassword: NEW_PASSWORD, newPassword: PASSWORD }
  await assertRejects(client.updateMemberAuth(wrong, asMember), 'invalid-password', 'The password is incorrect.')
  const right = { oldPassword: PASSWORD, newPassword: NEW_PASSWORD }
  assert.deepEqual(await client.updateMemberAuth(right, asMember), { data: moved })
  assert.deepEqual(await client.getCurrentMember(asMember), { data: moved })
  assert.equal((await client.loginMemberEmailPassword({ email, password: NEW_PASSWORD })).data.member.id, member.id)
})

test('a forgotten password', async () => {
  const { app, client } = await start()
  const { tokens } = await signUp(client)
  const known: Json = await client.sendMemberResetPasswordEmail({ email: EMAIL })
  assert.ok(typeof known.data === 'string' && known.data !== '')
  assert.deepEqual(await client.sendMemberResetPasswordEmail({ email: 'nobody@acme.example' }), known)
  const [mail] = await app.mailsTo(EMAIL)
  const token = codeIn(mail?.text ?? '')
  assert.deepEqual(await client.resetMemberPassword({ token, newPassword: NEW_PASSWORD }), { data: { success: true } })
  await assertRejects(client.resetMemberPassword({ token, newPassword: PASSWORD }), 'invalid-reset-code')
  assert.deepEqual(await client.getCurrentMember({ token: tokens.accessToken }), { data: null })
  await client.loginMemberEmailPassword({ email: EMAIL, password: NEW_PASSWORD })
})

test('the app, its plans and content groups', async () => {
  const { client } = await start()
  const idsOf = (list: { id: string }[]) => list.map(({ id }) => id)
  const { data: app }: Json = await client.getApp()
  assert.equal(app.mode, 'sandbox')
  const { data: active } = await client.getPlans({ status: 'ACTIVE' })
  assert.deepEqual(app.plans, active)
  assert.deepEqual(idsOf((await client.getPlans({ status: 'INACTIVE' })).data), [plans.retired.id])
  const all = idsOf((await client.getPlans()).data)
  assert.deepEqual(all.toSorted(), [...idsOf(active), plans.retired.id].toSorted())
  const { data: plan }: Json = await client.getPlan({ planId: gold.id })
  assert.deepEqual([plan.name, plan.prices, plan.status], [gold.name, gold.prices, 'ACTIVE'])
  assert.deepEqual(await client.getRestrictedUrlGroups(), { data: [] })

  const { tokens } = await signUp(client)
  const asMember = { token: tokens.accessToken }
  await assertRejects(client.addPlan({ planId: gold.id }, asMember), 'plan-not-free')
  await assertRejects(client.addPlan({ planId: plans.staff.id }, asMember), 'plan-restricted-to-admin')
  await assertRejects(client.addPlan({ planId: 'pln_nowhere' }, asMember), 'plan-not-found')
})

test('keys that open nothing, and what is not here', async () => {
  for (const publicKey of ['pk_sb_nobody', 'nonsense', keys.acme]) {
    const { client } = await start({ publicKey })
    await assertRejects(client.getApp(), 'app-not-found', 'Application not found.')
  }
  const { client } = await start()
  await assertRejects(client.getAuthProviders(), 'generic-message', 'Cannot GET /auth/providers')
  await assertRejects(client.getMemberCards(), 'generic-message', 'Cannot GET /member/cards')
  await assertRejects(client.getMemberInvoices({ first: 2 }), 'generic-message')
  await assertRejects(client.getTotalCheckoutAmount({ priceIds: ['prc_gold'] }), 'generic-message')
  await assertRejects(client.updatePlanPayment({ planConnectionId: 'con_1', cardId: '1' }), 'generic-message')
})
