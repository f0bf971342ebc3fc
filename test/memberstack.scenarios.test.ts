// Memberstack contract section 15: the scenarios, step by step, by Admin.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '../src/platform/events/events.ts'
import {
  acmeWith,
  assertRefused,
  call,
  freeConnection,
  getMember,
  globex,
  ids,
  type Json,
  keys,
  login,
  ok,
  okClient,
  PASSWORD,
  plans,
  type Reply,
  SEED,
  seedOf,
} from './memberstack.support.ts'
import { decode } from './memberstack.tokens.ts'
import { STRIPE_KEY, startStripe } from './stripe.ts'
import { DAY, startApp, type TestApp } from './support.ts'

const told = (events: Event[]) => events.map(({ type, data }) => [type, (data as Json).planConnection?.planId])

test('1: create with a free plan', async () => {
  const app = await startApp(SEED)
  const create = (email: string, planId: string): Promise<Reply> =>
    call(app, 'POST', '/members', { body: { email, password: PASSWORD, plans: [{ planId }] } })
  const { status, body } = await create('cy@acme.example', plans.free.id)
  assert.equal(status, 200)
  const [connection, ...more] = body.data.planConnections
  assert.deepEqual([connection, more], [freeConnection(connection.id, plans.free), []])
  assert.equal(Object.keys(connection).length, 7)
  assert.deepEqual(body.data.permissions, plans.free.permissions)
  assert.deepEqual(told(await app.newEvents()), [
    ['member.created', undefined],
    ['member.plan.added', plans.free.id],
  ])

  assertRefused(await create('cy@acme.example', plans.free.id), 'emailTaken')
  assertRefused(await create('dee@acme.example', plans.paid.id), 'planNotFree')
  assert.deepEqual((await call(app, 'GET', '/members/dee%40acme.example')).body, { data: null })
  await app.assertEvents()
})

test('2: change plan', async () => {
  const app = await startApp(SEED)
  const change = (verb: string, planId: string) =>
    call(app, 'POST', `/members/${ids.ada}/${verb}`, { body: { planId } })
  const [a, b] = [plans.free.id, plans.plus.id]
  for (const [verb, planId] of [
    ['remove-plan', a],
    ['add-plan', b],
    ['add-plan', b],
  ] as const) {
    const { status, body } = await change(verb, planId)
    assert.deepEqual([status, body], [200, 'OK'])
  }
  assertRefused(await change('remove-plan', a), 'noPlanFound')
  const { planConnections, permissions } = await getMember(app, ids.ada)
  assert.deepEqual(planConnections, [freeConnection(planConnections[0].id, plans.plus)])
  assert.deepEqual(permissions, ['view:start', 'view:library', 'view:archive'])
  assert.deepEqual(told(await app.newEvents()), [
    ['member.plan.canceled', a],
    ['member.plan.added', b],
  ])
})

test('3: update', async () => {
  const app = await startApp(SEED)
  const path = `/members/${ids.ben}`
  const last = { json: { y: 2 } }
  await ok(app, 'PATCH', path, { body: { customFields: { a: 1 } } })
  await ok(app, 'POST', path, { body: { customFields: { b: 2, a: null }, json: { x: 1 } } })
  await ok(app, 'PATCH', path, { body: last })
  await app.assertEvents('member.updated', 'member.updated', 'member.updated')
  await ok(app, 'PATCH', path, { body: last })
  await app.assertEvents()
  const { id, customFields, json } = await ok(app, 'GET', '/members/ben%40acme.example')
  assert.deepEqual([id, customFields, json], [ids.ben, { b: 2 }, { y: 2 }])
})

test('4: verify a token', async () => {
  const app = await startApp(SEED)
  const verify = (token: string, key = keys.acme) =>
    call(app, 'POST', '/members/verify-token', { body: { token }, key })
  const body = { email: 'cy@acme.example', password: PASSWORD }
  const signedUp = await okClient(app, 'POST', '/auth/signup', { body })
  app.clock.advance(1000)
  const loggedIn = await login(app, body.email)
  for (const { tokens, member } of [signedUp, loggedIn]) {
    const token = tokens.accessToken
    const reply = await verify(token)
    assert.deepEqual([reply.status, reply.body], [200, { data: decode(token).claims }])
    assert.equal(reply.body.data.id, member.id)
    const changed = token.replace(/.$/, token.endsWith('A') ? 'Q' : 'A')
    for (const [bad, key] of [
      [token, keys.acmeLive],
      [token, keys.globex],
      [changed, keys.acme],
    ] as const) {
      assertRefused(await verify(bad, key), 'invalidToken')
    }
  }
  app.clock.advance(14 * DAY)
  for (const { tokens } of [signedUp, loggedIn]) assertRefused(await verify(tokens.accessToken), 'invalidToken')
})

const flags = { deleteStripeCustomer: true, cancelStripeSubscriptions: true }

async function deletionIn(app: TestApp): Promise<Json> {
  const [deleted, ...more] = await app.newEvents()
  assert.deepEqual([deleted?.type, deleted?.subject, more], ['member.deleted', ids.ada, []])
  return deleted?.data.stripe
}

for (const [where, query, sent] of [
  ['the body', '', { body: flags }],
  ['the query', '?deleteStripeCustomer=true&cancelStripeSubscriptions=true', {}],
] as const) {
  const path = `/members/${ids.ada}${query}`

  test(`5: delete with billing flags in ${where}`, async () => {
    const subscriptions = [{ id: 'sub_1', status: 'active' }]
    const stripe = await startStripe({ customers: { cus_ada: subscriptions } })
    const connection = { sandbox: { secretKey: STRIPE_KEY, apiBase: stripe.apiBase } }
    const app = await startApp(seedOf(acmeWith({}, { stripe: connection }), globex))
    stripe.failWith(503)
    assertRefused(await call(app, 'DELETE', path, sent), 'stripeFailed')
    assert.equal((await getMember(app, ids.ada)).stripeCustomerId, 'cus_ada')
    await app.assertEvents()

    stripe.recover()
    stripe.newLines()
    assert.deepEqual(await ok(app, 'DELETE', path, sent), { id: ids.ada })
    const lines = stripe.newLines()
    assert.deepEqual(lines.slice(-2), ['DELETE /v1/subscriptions/sub_1', 'DELETE /v1/customers/cus_ada'])
    assert.deepEqual([stripe.subscriptions('cus_ada'), stripe.hasCustomer('cus_ada')], [['sub_1 canceled'], false])
    const { outcome, ...asked } = await deletionIn(app)
    assert.deepEqual(asked, flags)
    assert.ok(!['not connected', 'no customer'].includes(outcome))
  })

  test(`5: delete with billing flags in ${where}, without a Stripe key`, async () => {
    const app = await startApp(SEED)
    assert.deepEqual(await ok(app, 'DELETE', path, sent), { id: ids.ada })
    assert.deepEqual(await deletionIn(app), { ...flags, outcome: 'not connected' })
    assert.equal(await getMember(app, ids.ada), null)
  })
}
