// The two billing flags of a delete, by Stripe's own library over the wire: contract section 8.

import assert from 'node:assert/strict'
import test from 'node:test'
import { inspect } from 'node:util'
import { DomainError } from '../src/platform/errors.ts'
import {
  type BillingFlags,
  type BillingLimits,
  checkStripeConnection,
  type StripeConnection,
  StripeFailedError,
  settleBilling,
} from '../src/vendors/memberstack/stripe.ts'
import { STRIPE_KEY, type StripeStandIn, startStripe } from './stripe.ts'

const LIST = 'GET /v1/subscriptions'
const CANCEL_1 = 'DELETE /v1/subscriptions/sub_1'
const CANCEL_2 = 'DELETE /v1/subscriptions/sub_2'
const DELETE = 'DELETE /v1/customers/cus_1'

const cancelOnly: BillingFlags = { cancelStripeSubscriptions: true, deleteStripeCustomer: false }
const deleteOnly: BillingFlags = { cancelStripeSubscriptions: false, deleteStripeCustomer: true }
const both: BillingFlags = { cancelStripeSubscriptions: true, deleteStripeCustomer: true }
const neither: BillingFlags = { cancelStripeSubscriptions: false, deleteStripeCustomer: false }

/** Two active subscriptions of one customer. */
function startWithTwo(): Promise<StripeStandIn> {
  const cus_1 = [active('sub_1'), active('sub_2')]
  return startStripe({ customers: { cus_1, cus_other: [active('sub_other')] } })
}

function active(id: string) {
  return { id, status: 'active' }
}

interface Settling extends Partial<BillingLimits> {
  connection?: Partial<StripeConnection>
  customer?: string
}

function settle({ apiBase }: StripeStandIn, flags: BillingFlags, settling: Settling = {}): Promise<void> {
  const { connection, customer = 'cus_1', ...limits } = settling
  return settleBilling({ secretKey: STRIPE_KEY, apiBase, ...connection }, customer, flags, limits)
}

/** Refused for `reason`, and no part of a key anywhere in what is thrown. */
async function assertFails(settled: Promise<void>, reason: RegExp, key = STRIPE_KEY): Promise<void> {
  await assert.rejects(settled, (error: unknown) => {
    assert.ok(error instanceof StripeFailedError)
    assert.match(error.reason, reason)
    assert.equal(inspect(error, { depth: null, showHidden: true }).includes(key.slice('sk_test_'.length)), false)
    return true
  })
}

test('subscriptions are cancelled before the customer is deleted', async () => {
  const stripe = await startWithTwo()
  await settle(stripe, both)
  assert.deepEqual(stripe.newLines(), [LIST, CANCEL_1, CANCEL_2, DELETE])
  assert.deepEqual(stripe.subscriptions('cus_1'), ['sub_1 canceled', 'sub_2 canceled'])
  assert.equal(stripe.hasCustomer('cus_1'), false)
  assert.deepEqual(stripe.subscriptions('cus_other'), ['sub_other active'])
})

test('each flag does its own part', async () => {
  const stripe = await startWithTwo()
  await settle(stripe, neither)
  assert.deepEqual(stripe.newLines(), [])
  await settle(stripe, cancelOnly)
  assert.deepEqual(stripe.newLines(), [LIST, CANCEL_1, CANCEL_2])
  assert.equal(stripe.hasCustomer('cus_1'), true)
  await settle(stripe, deleteOnly)
  assert.deepEqual(stripe.newLines(), [DELETE])
  assert.equal(stripe.hasCustomer('cus_1'), false)
})

test('every status but the two ended ones is cancelled, also one that Stripe may add', async () => {
  const statuses = ['active', 'canceled', 'incomplete', 'incomplete_expired', 'past_due', 'paused', 'trialing']
  const all = [...statuses, 'unpaid', 'new_one'].map(status => ({ id: `sub_${status}`, status }))
  const stripe = await startStripe({ customers: { cus_1: all } })
  await settle(stripe, cancelOnly)
  const cancelled = ['active', 'incomplete', 'past_due', 'paused', 'trialing', 'unpaid', 'new_one']
  assert.deepEqual(stripe.newLines(), [LIST, ...cancelled.map(status => `DELETE /v1/subscriptions/sub_${status}`)])
})

test('all pages are read, of every status, before the first is cancelled', async () => {
  const ids = Array.from({ length: 250 }, (_, index) => `sub_${index}`)
  const stripe = await startStripe({ customers: { cus_1: ids.map(active) } })
  await settle(stripe, both)
  const cancels = ids.map(id => `DELETE /v1/subscriptions/${id}`)
  assert.deepEqual(stripe.newLines(), [LIST, LIST, LIST, ...cancels, DELETE])
  const first = { customer: 'cus_1', status: 'all', limit: '100' }
  assert.deepEqual(
    stripe.requests.slice(0, 3).map(({ query }) => query),
    [first, { ...first, starting_after: 'sub_99' }, { ...first, starting_after: 'sub_199' }],
  )
})

test('every request carries the key, and nothing about this machine', async () => {
  const stripe = await startWithTwo()
  await settle(stripe, both)
  for (const { authorization, headers } of stripe.requests) {
    assert.equal(authorization, `Bearer ${STRIPE_KEY}`)
    assert.equal(headers['x-stripe-client-telemetry'], undefined)
    const agent: unknown = JSON.parse(String(headers['x-stripe-client-user-agent']))
    assert.ok(agent && typeof agent === 'object' && !('platform' in agent) && !('telemetry_id' in agent))
  }
})

test('done twice is done', async () => {
  const stripe = await startWithTwo()
  await settle(stripe, both)
  stripe.newLines()
  await settle(stripe, both)
  assert.deepEqual(stripe.newLines(), [LIST, DELETE])
})

test('a customer that never was counts as done, in either form Stripe has for it', async () => {
  const stripe = await startWithTwo()
  await settle(stripe, both, { customer: 'cus_none' })
  assert.deepEqual(stripe.newLines(), [LIST, 'DELETE /v1/customers/cus_none'])
  stripe.failWith(404, { code: 'resource_missing', param: 'customer' }, { on: LIST })
  await settle(stripe, cancelOnly)
  assert.deepEqual(stripe.newLines(), [LIST])
})

test('a subscription that is gone when it is to be cancelled counts as done', async () => {
  const stripe = await startWithTwo()
  stripe.failWith(404, { code: 'resource_missing', param: 'id' }, { on: CANCEL_1 })
  await settle(stripe, both)
  assert.deepEqual(stripe.newLines(), [LIST, CANCEL_1, CANCEL_2, DELETE])
})

test('a list that loses its place is not an empty list', async () => {
  const stripe = await startWithTwo()
  stripe.failWith(400, { code: 'resource_missing', param: 'starting_after' }, { on: LIST })
  await assertFails(
    settle(stripe, both),
    /^listing the subscriptions of cus_1: invalid_request_error, resource_missing/,
  )
  assert.deepEqual(stripe.newLines(), [LIST])
})

test('a cancel that fails leaves the customer; the next call goes on from there', async () => {
  const stripe = await startWithTwo()
  stripe.failWith(400, { code: 'some_code' }, { on: CANCEL_2 })
  const reason = /^cancelling sub_2: invalid_request_error, some_code, status 400, request req_3$/
  await assertFails(settle(stripe, both), reason)
  assert.deepEqual(stripe.newLines(), [LIST, CANCEL_1, CANCEL_2])
  assert.equal(stripe.hasCustomer('cus_1'), true)
  stripe.recover()
  await settle(stripe, both)
  assert.deepEqual(stripe.newLines(), [LIST, CANCEL_2, DELETE])
  assert.equal(stripe.hasCustomer('cus_1'), false)
})

test('a second page that fails leaves everything', async () => {
  const ids = Array.from({ length: 150 }, (_, index) => `sub_${index}`)
  const stripe = await startStripe({ customers: { cus_1: ids.map(active) } })
  const missing = JSON.stringify({ object: 'list', data: ids.slice(0, 100).map(active), has_more: true })
  stripe.answerWith(200, missing, { 'content-type': 'application/json' }, { on: LIST, times: 1 })
  stripe.failWith(402, {}, { on: LIST })
  await assertFails(settle(stripe, both), /^listing .*, status 402/)
  assert.deepEqual(stripe.newLines(), [LIST, LIST])
})

test('a 500 is tried again twice, then it is a failure', async () => {
  const stripe = await startWithTwo()
  stripe.failWith(500, {}, { on: DELETE })
  await assertFails(settle(stripe, deleteOnly), /^deleting cus_1: api_error, status 500, request req_3$/)
  assert.deepEqual(stripe.newLines(), [DELETE, DELETE, DELETE])
})

test('what fails once and then works is done', async () => {
  const stripe = await startWithTwo()
  stripe.failWith(503, {}, { on: LIST, times: 1 })
  await settle(stripe, both, { retriesMax: 1 })
  assert.deepEqual(stripe.newLines(), [LIST, LIST, CANCEL_1, CANCEL_2, DELETE])
})

test('what Stripe did without its answer reaching us is done', async () => {
  const stripe = await startWithTwo()
  stripe.lose({ on: CANCEL_1, times: 1 })
  stripe.lose({ on: DELETE, times: 1 })
  await settle(stripe, both)
  assert.deepEqual(stripe.newLines(), [LIST, CANCEL_1, CANCEL_1, CANCEL_2, DELETE, DELETE])
})

for (const [status, type] of [
  [401, 'invalid_request_error'],
  [402, 'card_error'],
  [403, 'invalid_request_error'],
  [404, 'invalid_request_error'],
  [429, 'rate_limit_error'],
] as const) {
  test(`${status} is a failure at once`, async () => {
    const stripe = await startWithTwo()
    stripe.failWith(status, { type })
    await assertFails(settle(stripe, both), new RegExp(`^listing .*: ${type}, status ${status}, request req_1$`))
    assert.deepEqual(stripe.newLines(), [LIST])
  })
}

test('a key that Stripe refuses', async () => {
  const stripe = await startWithTwo()
  const secretKey = 'sk_test_of_somebody_else'
  const settled = settle(stripe, deleteOnly, { connection: { secretKey } })
  await assertFails(settled, /^deleting cus_1: invalid_request_error, status 401, request req_1$/, secretKey)
  assert.equal(stripe.hasCustomer('cus_1'), true)
})

test('of an error in another form, its text is left out too', async () => {
  const stripe = await startWithTwo()
  for (const error of [{ message: `No ${STRIPE_KEY}` }, `No ${STRIPE_KEY}`, { type: `No ${STRIPE_KEY}`, code: 1 }]) {
    stripe.recover()
    stripe.answerWith(401, JSON.stringify({ error }))
    await assertFails(settle(stripe, deleteOnly), /^deleting cus_1: status 401, request req_\d$/)
  }
})

test('nobody listens', async () => {
  const stripe = await startWithTwo()
  await stripe.close()
  await assertFails(settle(stripe, both, { retriesMax: 0 }), /^listing .*, ECONNREFUSED$/)
})

test('the connection is closed without an answer', async () => {
  const stripe = await startWithTwo()
  stripe.drop()
  await assertFails(settle(stripe, both, { retriesMax: 0 }), /^listing .*: An error occurred with our connection/)
  assert.deepEqual(stripe.newLines(), [LIST])
})

for (const [name, trouble] of [
  ['no answer', 'hang'],
  ['an answer that never ends', 'stall'],
] as const) {
  test(`${name}: the request ends at its time limit`, async () => {
    const stripe = await startWithTwo()
    stripe[trouble]({ on: DELETE })
    const reason = /^deleting cus_1: Request aborted due to timeout being reached \(750ms\), ETIMEDOUT/
    await assertFails(settle(stripe, both, { timeLimitMs: 750, retriesMax: 0 }), reason)
    assert.deepEqual(stripe.newLines(), [LIST, CANCEL_1, CANCEL_2, DELETE])
  })

  test(`${name}: all requests together end at theirs`, async () => {
    const stripe = await startWithTwo()
    stripe[trouble]({ on: CANCEL_2 })
    await assertFails(
      settle(stripe, both, { totalTimeLimitMs: 1000, retriesMax: 0 }),
      /^cancelling sub_2: .*, TimeoutError/,
    )
    assert.equal(stripe.hasCustomer('cus_1'), true)
  })
}

test('an answer of more than 16 MiB is not read to its end, and is a failure', async () => {
  const stripe = await startWithTwo()
  const long = (size: number) => JSON.stringify({ id: 'cus_1', deleted: true, more: 'x'.repeat(size) })
  stripe.answerWith(200, long(17 * 1024 ** 2))
  await assertFails(settle(stripe, deleteOnly, { retriesMax: 0 }), /^deleting cus_1: .*, EMSGSIZE, request req_1$/)
  stripe.recover()
  stripe.answerWith(200, long(15 * 1024 ** 2))
  await settle(stripe, deleteOnly, { retriesMax: 0 })
})

test('a redirect is not followed: the key stays here', async () => {
  const [stripe, elsewhere] = [await startWithTwo(), await startWithTwo()]
  for (const body of ['', '{}', '{"id":"cus_1","deleted":true}']) {
    stripe.recover()
    stripe.answerWith(307, body, { location: `${elsewhere.apiBase}/v1/customers/cus_1` })
    await assertFails(settle(stripe, deleteOnly), /^deleting cus_1: /)
  }
  assert.deepEqual(elsewhere.requests, [])
})

for (const [status, body] of [
  [200, ''],
  [200, 'null'],
  [200, '<html>'],
  [403, '{}'],
  [404, '{"message":"no such host"}'],
  [429, '[]'],
  [503, '{}'],
] as const) {
  test(`${status} with ${JSON.stringify(body)} is no answer of Stripe's: nothing is taken for done`, async () => {
    const stripe = await startWithTwo()
    stripe.answerWith(status, body, { 'content-type': 'application/json' })
    await assertFails(settle(stripe, deleteOnly, { retriesMax: 0 }), /^deleting cus_1: ./)
    await assertFails(settle(stripe, cancelOnly, { retriesMax: 0 }), /^listing the subscriptions of cus_1: ./)
  })
}

test('without apiBase the requests go to Stripe', async t => {
  const urls: string[] = []
  t.mock.method(globalThis, 'fetch', async (url: string) => {
    urls.push(url)
    return Response.json({ id: 'cus_1', object: 'customer', deleted: true })
  })
  await settleBilling({ secretKey: STRIPE_KEY }, 'cus_1', deleteOnly)
  assert.deepEqual(
    urls.map(url => new URL(url).href),
    ['https://api.stripe.com/v1/customers/cus_1'],
  )
})

test('apiBase: a slash at the end changes nothing, https is spoken to https', async () => {
  const stripe = await startWithTwo()
  await settle(stripe, deleteOnly, { connection: { apiBase: `${stripe.apiBase}/` } })
  assert.deepEqual(stripe.newLines(), [DELETE])
  const apiBase = stripe.apiBase.replace('http:', 'https:')
  await assertFails(settle(stripe, deleteOnly, { connection: { apiBase }, retriesMax: 0 }), /SSL|TLS/)
  assert.deepEqual(stripe.newLines(), [])
})

const accepted: ['sandbox' | 'live', StripeConnection][] = [
  ['sandbox', { secretKey: 'sk_test_stripe', apiBase: 'http://127.0.0.1:12111' }],
  ['sandbox', { secretKey: 'rk_test_51Hx' }],
  ['live', { secretKey: 'sk_live_51Hx', apiBase: 'https://stripe.example:8443/' }],
  ['live', { secretKey: 'rk_live_51Hx', apiBase: 'http://[::1]:12111' }],
  ['live', { secretKey: 'sk_test_51Hx', apiBase: 'https://API.stripe.com' }],
]
for (const [environment, connection] of accepted) {
  test(`accepted on ${environment}: ${Object.values(connection).join(' at ')}`, () => {
    checkStripeConnection(environment, connection)
  })
}

const refusedKeys: ['sandbox' | 'live', string][] = [
  ['sandbox', 'sk_live_51Hx'],
  ['sandbox', 'rk_live_51Hx'],
  ['live', 'pk_live_51Hx'],
  ['live', 'sk_51Hx'],
  ['live', 'sk_test_!'],
  ['live', 'sk_test_51Hx\r\nx-header: 1'],
  ['live', ' sk_test_51Hx'],
  ['live', `sk_test_${'x'.repeat(201)}`],
]
for (const [environment, secretKey] of refusedKeys) {
  test(`refused on ${environment}: the key ${JSON.stringify(secretKey).slice(0, 40)}`, () => {
    assertRefused(environment, { secretKey }, 'secretKey')
  })
}

const refusedBases = ['', '127.0.0.1:12111', 'ftp://stripe.example', 'file:///stripe', 'https://stripe.example/v1']
refusedBases.push('https://stripe.example/?a=b', 'https://stripe.example/#a', 'https://a:b@stripe.example', 'http://')
for (const apiBase of refusedBases) {
  test(`refused: apiBase ${JSON.stringify(apiBase)}`, () => {
    assertRefused('sandbox', { secretKey: STRIPE_KEY, apiBase }, 'apiBase')
  })
}

function assertRefused(environment: 'sandbox' | 'live', connection: StripeConnection, path: string): void {
  assert.throws(
    () => checkStripeConnection(environment, connection),
    (error: unknown) => {
      assert.ok(error instanceof DomainError)
      assert.equal(error.code, 'invalid')
      assert.deepEqual(
        error.issues.map(issue => [issue.path, issue.problem]),
        [[path, 'invalid']],
      )
      assert.equal(inspect(error, { depth: null }).includes(connection.secretKey), false)
      return true
    },
  )
}
