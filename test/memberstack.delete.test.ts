// Memberstack contract section 8: a member deleted by Admin, the two billing flags, and Stripe.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  acmeWith,
  assertAda,
  assertRefused,
  type Call,
  call,
  createMember,
  getMember,
  globex,
  ids,
  type Json,
  keys,
  login,
  ok,
  PASSWORD,
  SEED,
  seedOf,
} from './memberstack.support.ts'
import { STRIPE_KEY, type StripeStandIn, type StripeSubscription, startStripe } from './stripe.ts'
import { startApp, type TestApp } from './support.ts'

const path = `/members/${ids.ada}`
const both = { deleteStripeCustomer: true, cancelStripeSubscriptions: true }

/** What the event log says that became of the flags. */
async function deletionIn(app: TestApp): Promise<Json> {
  const [deleted, ...more] = await app.newEvents()
  assert.deepEqual([deleted?.type, deleted?.vendor, more], ['member.deleted', 'memberstack', []])
  assert.deepEqual([deleted?.data.id, deleted?.data.environment], [deleted?.subject, 'sandbox'])
  return deleted?.data
}

describe('delete', () => {
  test('gone at once: by id, by email, from the list; the email is free, the token ended', async () => {
    const app = await startApp(SEED)
    const { tokens } = await login(app, 'ada@acme.example')
    await app.newEvents()
    assert.deepEqual(await ok(app, 'DELETE', path), { id: ids.ada })
    const { id } = await deletionIn(app)
    assert.equal(id, ids.ada)

    for (const who of [ids.ada, 'ada@acme.example']) assert.equal(await getMember(app, who), null)
    const { totalCount, data } = await ok(app, 'GET', '/members')
    assert.deepEqual([totalCount, data.map((member: Json) => member.id)], [1, [ids.ben]])
    const verified = await call(app, 'POST', '/members/verify-token', { body: { token: tokens.accessToken } })
    assertRefused(verified, 'invalidToken')
    for (const [method, at, body] of [
      ['DELETE', path, undefined],
      ['PATCH', path, { verified: true }],
      ['POST', path, {}],
      ['POST', `${path}/add-plan`, { planId: 'pln_plus' }],
      ['POST', `${path}/remove-plan`, { planId: 'pln_free' }],
    ] as const) {
      assertRefused(await call(app, method, at, body === undefined ? {} : { body }), 'noSuchMember')
    }
    const again = await createMember(app, { email: 'ada@acme.example' })
    assert.notEqual(again.id, ids.ada)
    assert.deepEqual(again.planConnections, [])
    await app.assertEvents('member.created')
  })

  test('once only, also at the same time', async () => {
    const app = await startApp(SEED)
    const replies = await Promise.all(Array.from({ length: 5 }, () => call(app, 'DELETE', path)))
    const [done, ...rest] = replies.toSorted((a, b) => a.status - b.status)
    assert.deepEqual(done?.body, { data: { id: ids.ada } })
    for (const reply of rest) assertRefused(reply, 'noSuchMember')
    await app.assertEvents('member.deleted')
  })

  test('the Ada of another environment or app stays', async () => {
    const app = await startApp(SEED)
    await ok(app, 'DELETE', path)
    assert.equal((await getMember(app, 'ada@acme.example', { key: keys.acmeLive })).id, ids.adaLive)
    assert.equal((await getMember(app, 'ada@acme.example', { key: keys.globex })).id, ids.adaGlobex)
    for (const id of [ids.adaLive, ids.adaGlobex, 'ada%40acme.example', 'mem_sb_x']) {
      assertRefused(await call(app, 'DELETE', `/members/${id}`), 'noSuchMember')
    }
  })
})

interface Billed {
  app: TestApp
  stripe: StripeStandIn
}

/** Acme's sandbox connected to Stripe, which has these customers with their subscriptions. */
async function startWith(customers: Record<string, StripeSubscription[]>, more: object = {}): Promise<Billed> {
  const stripe = await startStripe({ customers })
  const sandbox = { secretKey: STRIPE_KEY, apiBase: stripe.apiBase }
  const app = await startApp(seedOf(acmeWith({}, { stripe: { sandbox }, ...more }), globex))
  return { app, stripe }
}

/** Where Ada is a customer with these subscriptions. */
function startBilled(subscriptions: StripeSubscription[] = []): Promise<Billed> {
  return startWith({ cus_ada: subscriptions, cus_other: [] })
}

const LIST = 'GET /v1/subscriptions'
const CANCEL = 'DELETE /v1/subscriptions/sub_1'
const DELETE = 'DELETE /v1/customers/cus_ada'

test('flags', async t => {
  const json = (body: object): Call => ({ body })
  const cases: [what: string, query: string, Call, lines: string[]][] = [
    ['none', '', {}, []],
    ['none, in an empty body', '', { body: '', headers: { 'content-type': 'application/json' } }, []],
    ['false in both', '?deleteStripeCustomer=false', json({ cancelStripeSubscriptions: false }), []],
    ['"false" in the body', '', json({ deleteStripeCustomer: 'false', cancelStripeSubscriptions: 'false' }), []],
    ['both in the body', '', json(both), [LIST, CANCEL, DELETE]],
    ['both in the body, without a type', '', { body: JSON.stringify(both) }, [LIST, CANCEL, DELETE]],
    ['both in the query', '?deleteStripeCustomer=true&cancelStripeSubscriptions=true', {}, [LIST, CANCEL, DELETE]],
    ['one in each', '?deleteStripeCustomer=true', json({ cancelStripeSubscriptions: 'true' }), [LIST, CANCEL, DELETE]],
    [
      'false in the body, true in the query',
      '?deleteStripeCustomer=true',
      json({ deleteStripeCustomer: false }),
      [DELETE],
    ],
    [
      'true in the body, false in the query',
      '?deleteStripeCustomer=false',
      json({ deleteStripeCustomer: true }),
      [DELETE],
    ],
    ['customer alone', '', json({ deleteStripeCustomer: 'true' }), [DELETE]],
    ['subscriptions alone', '?cancelStripeSubscriptions=true', {}, [LIST, CANCEL]],
  ]
  // A member for each, who is a customer with a subscription.
  const billed = cases.map((_, n) => ({
    id: `mem_sb_c${n}`,
    email: `m${n}@acme.example`,
    stripeCustomerId: `cus_${n}`,
  }))
  const customers = Object.fromEntries(cases.map((_, n) => [`cus_${n}`, [{ id: `sub_${n}`, status: 'active' }]]))
  const { app, stripe } = await startWith(customers, { members: { sandbox: billed } })
  for (const [n, [what, query, options, lines]] of cases.entries()) {
    await t.test(what, async () => {
      const id = `mem_sb_c${n}`
      assert.deepEqual(await ok(app, 'DELETE', `/members/${id}${query}`, options), { id })
      assert.deepEqual(
        stripe.newLines(),
        lines.map(line => line.replace('sub_1', `sub_${n}`).replace('cus_ada', `cus_${n}`)),
      )
      for (const { authorization } of stripe.requests) assert.equal(authorization, `Bearer ${STRIPE_KEY}`)
      const { id: deleted, stripe: told } = await deletionIn(app)
      assert.equal(deleted, id)
      if (lines.length > 0) {
        assert.equal(told.deleteStripeCustomer, lines.includes(DELETE))
        assert.equal(told.cancelStripeSubscriptions, lines.includes(CANCEL))
      }
      assert.equal(await getMember(app, id), null)
    })
  }
})

type Failure = [what: string, fail: (stripe: StripeStandIn) => unknown]

/** That a delete is refused where Stripe fails; Ada is as she was, her token too, and nobody learns of it. */
async function assertStays({ app }: Billed): Promise<void> {
  const { tokens } = await login(app, 'ada@acme.example')
  await app.newEvents()
  assertRefused(await call(app, 'DELETE', path, { body: both }), 'stripeFailed')
  const { lastLogin, ...rest } = await getMember(app, ids.ada)
  assert.ok(lastLogin !== null)
  assertAda({ ...rest, lastLogin: null })
  const verified = await ok(app, 'POST', '/members/verify-token', { body: { token: tokens.accessToken } })
  assert.equal(verified.id, ids.ada)
  await app.assertEvents()
  assert.ok(!JSON.stringify(app.log).includes(STRIPE_KEY))
}

describe('stripe', () => {
  test('every subscription that can be is cancelled, on all pages, and then the customer deleted', async () => {
    const active = Array.from({ length: 130 }, (_, n) => ({ id: `sub_${n}`, status: n % 2 ? 'active' : 'past_due' }))
    const ended = [
      { id: 'sub_gone', status: 'canceled' },
      { id: 'sub_never', status: 'incomplete_expired' },
    ]
    const { app, stripe } = await startBilled([...ended, ...active])
    await ok(app, 'DELETE', path, { body: both })
    const lists = stripe.requests.filter(({ line }) => line === LIST)
    assert.ok(lists.length > 1)
    for (const { query } of lists) assert.deepEqual([query.customer, query.status], ['cus_ada', 'all'])
    const cancels = stripe.requests.flatMap(({ line }) => /^DELETE \/v1\/subscriptions\/(.+)$/.exec(line)?.[1] ?? [])
    assert.deepEqual(cancels.toSorted(), active.map(({ id }) => id).toSorted())
    assert.equal(stripe.requests.at(-1)?.line, DELETE)
    assert.ok(!stripe.hasCustomer('cus_ada') && stripe.hasCustomer('cus_other'))
  })

  test('without a flag it is never called', async () => {
    const { app, stripe } = await startBilled([{ id: 'sub_1', status: 'active' }])
    await stripe.close()
    await ok(app, 'DELETE', path)
    assert.deepEqual(stripe.requests, [])
  })

  test('what it no longer has counts as done', async () => {
    const gone = { type: 'invalid_request_error', code: 'resource_missing', message: 'No such subscription' }
    const { app, stripe } = await startBilled([{ id: 'sub_1', status: 'active' }])
    stripe.failWith(404, gone, { on: CANCEL })
    stripe.failWith(404, { ...gone, message: "No such customer: 'cus_ada'" }, { on: DELETE })
    assert.deepEqual(await ok(app, 'DELETE', path, { body: both }), { id: ids.ada })
    const { id } = await createMember(app)
    assert.equal((await getMember(app, id)).stripeCustomerId, null)
  })

  test('a customer that it never had counts as done', async () => {
    const { app, stripe } = await startWith({})
    assert.deepEqual(await ok(app, 'DELETE', path, { body: both }), { id: ids.ada })
    assert.deepEqual(stripe.newLines(), [LIST, DELETE])
  })

  // On one app: the third leaves no subscription, and from then on it is the first request that fails.
  test('an error is a 502: the member stays, and nobody is told', async t => {
    const cases: Failure[] = [
      ['on the list', stripe => stripe.failWith(400, { message: 'no' }, { on: LIST })],
      ['on a subscription', stripe => stripe.failWith(402, { code: 'card_declined' }, { on: CANCEL })],
      ['on the customer', stripe => stripe.failWith(403, { message: 'no' }, { on: DELETE })],
      ['a 404 that is about something else', stripe => stripe.failWith(404, { message: 'Unrecognized request URL' })],
      ['what is no JSON', stripe => stripe.answerWith(200, '<html>', { 'content-type': 'text/html' })],
      ['a key that it does not know', stripe => stripe.failWith(401, { message: 'Invalid API Key provided' })],
    ]
    const billed = await startBilled([{ id: 'sub_1', status: 'active' }])
    for (const [what, fail] of cases) {
      await t.test(what, async () => {
        billed.stripe.recover()
        await fail(billed.stripe)
        await assertStays(billed)
      })
    }
  })

  // At the same time, because each waits before it is tried again.
  describe('is asked again', { concurrency: true }, () => {
    const cases: Failure[] = [
      ['a fault of its own', stripe => stripe.failWith(500)],
      ['a connection that it closes', stripe => stripe.drop()],
      ['a port that refuses', stripe => stripe.close()],
    ]
    for (const [what, fail] of cases) {
      test(`${what}: 502 in the end, the member stays, and nobody is told`, async () => {
        const billed = await startBilled([{ id: 'sub_1', status: 'active' }])
        await fail(billed.stripe)
        await assertStays(billed)
      })
    }

    test('two failures are tried again within the same delete', async () => {
      const { app, stripe } = await startBilled()
      stripe.failWith(500, {}, { on: DELETE, times: 2 })
      await ok(app, 'DELETE', path, { body: { deleteStripeCustomer: true } })
      assert.deepEqual(stripe.newLines(), [DELETE, DELETE, DELETE])
    })
  })

  test('after a failure the delete can be repeated, and does what is left', async () => {
    const { app, stripe } = await startBilled([{ id: 'sub_1', status: 'active' }])
    stripe.failWith(400, { message: 'no' }, { on: DELETE, times: 1 })
    assertRefused(await call(app, 'DELETE', path, { body: both }), 'stripeFailed')
    assert.deepEqual(stripe.newLines(), [LIST, CANCEL, DELETE])
    assert.deepEqual(await ok(app, 'DELETE', path, { body: both }), { id: ids.ada })
    assert.deepEqual(stripe.newLines(), [LIST, DELETE])
    const { stripe: told } = await deletionIn(app)
    assert.deepEqual({ ...told, ...both }, told)
  })

  test('a member who is gone is told so before Stripe is asked', async () => {
    const { app, stripe } = await startBilled()
    assertRefused(
      await call(app, 'DELETE', '/members/mem_sb_cnobody000000000000000000', { body: both }),
      'noSuchMember',
    )
    assert.deepEqual(stripe.newLines(), [])
  })
})

describe('where Stripe has no part, the flags are recorded', () => {
  test('not connected', async () => {
    const app = await startApp(SEED)
    await ok(app, 'DELETE', path, { body: both })
    assert.deepEqual((await deletionIn(app)).stripe, { ...both, outcome: 'not connected' })
  })

  test('connected in the other environment only', async () => {
    const stripe = await startStripe({ customers: { cus_ada: [] } })
    const live = { secretKey: STRIPE_KEY, apiBase: stripe.apiBase }
    const app = await startApp(seedOf(acmeWith({}, { stripe: { live } }), globex))
    await ok(app, 'DELETE', path, { body: { deleteStripeCustomer: true } })
    const told = { deleteStripeCustomer: true, cancelStripeSubscriptions: false, outcome: 'not connected' }
    assert.deepEqual((await deletionIn(app)).stripe, told)
    assert.deepEqual(stripe.requests, [])
  })

  test('no customer', async () => {
    const { app, stripe } = await startBilled()
    await ok(app, 'DELETE', `/members/${ids.ben}`, { body: both })
    assert.deepEqual((await deletionIn(app)).stripe, { ...both, outcome: 'no customer' })
    assert.deepEqual(stripe.requests, [])
  })
})

test('a live key of Stripe is refused on the sandbox, and a Stripe key is shown nowhere', async () => {
  for (const secretKey of ['sk_live_of_stripe', 'rk_live_of_stripe']) {
    await assert.rejects(
      startApp(seedOf(acmeWith({}, { stripe: { sandbox: { secretKey } } }), globex)),
      (error: Error) => {
        assert.ok(!error.message.includes(secretKey))
        return true
      },
    )
  }
  const live = { secretKey: 'sk_live_of_stripe' }
  const app = await startApp(seedOf(acmeWith({}, { stripe: { live } }), globex))
  await createMember(app, { password: PASSWORD }, { key: keys.acmeLive })
  assert.ok(!JSON.stringify([app.log, await app.newEvents()]).includes(live.secretKey))
})
