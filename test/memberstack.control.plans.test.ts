// Plans of Memberstack apps: made and changed by the operator, for those who hold them too.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ACME, APPS, assertOneEvent, fieldsOf, start } from './memberstack.control.support.ts'
import {
  acme,
  ada,
  assertRefused,
  call,
  getMember,
  ids,
  type Json,
  keys,
  ok,
  okClient,
  plans,
  START,
} from './memberstack.support.ts'
import { assertProblem } from './operator.ts'
import { DAY, SECOND } from './support.ts'

const PLANS = `${ACME}/plans`

/** A plan as it is when only its name and type were said. */
const bare = {
  description: null,
  priority: null,
  status: 'ACTIVE',
  environment: null,
  restrictToAdmin: false,
  permissions: [],
  prices: [],
  redirects: {},
}

const whole = {
  id: 'pln_Gold-2026_a',
  name: 'Gold',
  type: 'SUBSCRIPTION',
  description: 'All of it.',
  priority: 3,
  status: 'INACTIVE',
  environment: 'live',
  restrictToAdmin: true,
  permissions: ['view:gold', 'view:library'],
  prices: [
    {
      id: 'prc_monthly',
      amount: 12.5,
      name: 'Monthly',
      type: 'SUBSCRIPTION',
      status: 'ACTIVE',
      currency: 'usd',
      interval: { type: 'MONTHLY', count: 1 },
    },
  ],
  redirects: { afterSignup: '/hello', afterLogin: '/gold', afterLogout: '/bye' },
}

describe('made', () => {
  test('with a name and a type alone, or with everything pinned; read, listed in that order', async () => {
    const { app, operator } = await start()
    const made = await operator.post<Json>(PLANS, { name: 'Bronze', type: 'FREE' })
    assert.equal(made.status, 201)
    const { id } = made.body
    assert.match(id, /^pln_c[a-z0-9]{24}$/)
    const bronze = { id, name: 'Bronze', type: 'FREE', ...bare, createdAt: START }
    assert.deepEqual(made.body, bronze)
    assert.deepEqual(await assertOneEvent(app, 'plan.created', id, ids.acme), { plan: bronze })
    const gold = { ...whole, createdAt: START }
    assert.deepEqual((await operator.post(PLANS, whole)).body, gold)
    assert.deepEqual(await assertOneEvent(app, 'plan.created', whole.id, ids.acme), { plan: gold })

    for (const plan of [bronze, gold]) assert.deepEqual((await operator.get(`${PLANS}/${plan.id}`)).body, plan)
    const { data, next } = (await operator.get<Json>(PLANS)).body
    assert.deepEqual([data.slice(-2), next], [[bronze, gold], null])
    assert.deepEqual(
      data.map((plan: Json) => plan.id),
      [...acme.plans.map(plan => plan.id), id, whole.id],
    )
  })

  test('prices may be said in short: kind and state follow, ids are made', async () => {
    const { operator } = await start()
    const prices = [
      { amount: 0, name: 'Once', currency: 'eur' },
      { amount: 120, name: 'Yearly', currency: 'eur', interval: { type: 'YEARLY', count: 1 } },
    ]
    const made = await operator.post<Json>(PLANS, { name: 'Silver', type: 'ONETIME', prices })
    const [once, yearly] = made.body.prices
    for (const { id } of [once, yearly]) assert.match(id, /^prc_c[a-z0-9]{24}$/)
    assert.deepEqual(once, { id: once.id, ...prices[0], type: 'ONETIME', status: 'ACTIVE' })
    assert.deepEqual(yearly, { id: yearly.id, ...prices[1], type: 'SUBSCRIPTION', status: 'ACTIVE' })
  })

  test('once under an id of the app; another app may have the same', async () => {
    const { app, operator } = await start()
    const plan = { id: plans.free.id, name: 'Another', type: 'FREE' }
    assertProblem(await operator.post(PLANS, plan), 409, 'conflict')
    await app.assertEvents()
    assert.equal((await operator.post(`${APPS}/${ids.globex}/plans`, plan)).status, 201)
    assert.equal((await operator.get<Json>(`${PLANS}/${plan.id}`)).body.name, plans.free.name)
  })

  test('200 at most', async () => {
    const { app, operator } = await start()
    for (let count = acme.plans.length; count < 200; count++) {
      assert.equal((await operator.post(PLANS, { name: `Plan ${count}`, type: 'FREE' })).status, 201)
    }
    await app.newEvents()
    assertProblem(await operator.post(PLANS, { name: 'One more', type: 'FREE' }), 409, 'conflict')
    await app.assertEvents()
    assert.equal((await operator.get<Json>(PLANS)).body.data.length, 200)
  })
})

const price = { amount: 1, name: 'Once', currency: 'usd' }
const unfit: [change: object, path: string][] = [
  [{ name: '' }, 'name'],
  [{ name: '  ' }, 'name'],
  [{ name: null }, 'name'],
  [{ description: 5 }, 'description'],
  [{ priority: 1.5 }, 'priority'],
  [{ priority: 2 ** 31 }, 'priority'],
  [{ status: 'active' }, 'status'],
  [{ environment: 'test' }, 'environment'],
  [{ restrictToAdmin: 'true' }, 'restrictToAdmin'],
  [{ permissions: ['a', 'a'] }, 'permissions'],
  [{ permissions: [''] }, 'permissions.0'],
  [{ prices: [{ ...price, amount: -1 }] }, 'prices.0.amount'],
  [{ prices: [{ ...price, amount: '1' }] }, 'prices.0.amount'],
  [{ prices: [{ ...price, currency: undefined }] }, 'prices.0.currency'],
  [{ prices: [{ ...price, interval: { type: 'MONTHLY', count: 0 } }] }, 'prices.0.interval.count'],
  [{ prices: [price] }, 'prices'],
  [{ redirects: { afterwards: '/' } }, 'redirects.afterwards'],
  [{ redirects: { afterLogin: null } }, 'redirects.afterLogin'],
  [{ members: [] }, 'members'],
]
test('what cannot be of a free plan is refused by its name, new or as a change', async () => {
  const { app, operator } = await start()
  for (const [change, path] of unfit) {
    const made = { name: 'Plan', type: 'FREE', ...change }
    for (const refused of [
      await operator.post(PLANS, made),
      await operator.patch(`${PLANS}/${plans.free.id}`, change),
    ]) {
      assert.deepEqual(fieldsOf(refused), [path], JSON.stringify(change))
    }
  }
  for (const [body, path] of [
    [{ name: 'Plan' }, 'type'],
    [{ name: 'Plan', type: 'free' }, 'type'],
    [{ type: 'FREE' }, 'name'],
    [{ name: 'Plan', type: 'FREE', id: 'plan_1' }, 'id'],
    [{ name: 'Plan', type: 'FREE', id: 'pln_a/b' }, 'id'],
  ] as const) {
    assert.deepEqual(fieldsOf(await operator.post(PLANS, body)), [path])
  }
  await app.assertEvents()
})

describe('changed', () => {
  const path = `${PLANS}/${plans.free.id}`

  test('for those who hold it, at once: name and permissions; nobody is told of a member', async () => {
    const { app, operator } = await start()
    const before = (await operator.get<Json>(path)).body
    const change = { name: 'Reader 2', permissions: ['view:shelves'], description: 'To read.', priority: 1 }
    const changed = await operator.patch(path, change)
    const expected = { ...before, ...change }
    assert.deepEqual([changed.status, changed.body], [200, expected])
    assert.deepEqual(await assertOneEvent(app, 'plan.updated', plans.free.id, ids.acme), { plan: expected })
    const { planConnections, permissions } = await getMember(app, ids.ada)
    assert.deepEqual([planConnections[0].planName, planConnections[0].active], ['Reader 2', true])
    assert.deepEqual(permissions, [...ada.permissions, 'view:shelves'])
    const shown = await okClient(app, 'GET', `/app/plans/${plans.free.id}`)
    assert.deepEqual([shown.name, shown.description, shown.priority], ['Reader 2', 'To read.', 1])

    for (const same of [change, {}, { name: change.name }])
      assert.deepEqual((await operator.patch(path, same)).body, expected)
    await app.assertEvents()
  })

  test('what is named is replaced whole, null takes it back', async () => {
    const { operator } = await start()
    const gold = `${PLANS}/${whole.id}`
    await operator.post(PLANS, whole)
    const changed = await operator.patch<Json>(gold, {
      description: null,
      priority: null,
      environment: null,
      redirects: { afterLogin: '/' },
      prices: [],
      permissions: [],
    })
    assert.deepEqual(changed.body, {
      ...whole,
      description: null,
      priority: null,
      environment: null,
      redirects: { afterLogin: '/' },
      prices: [],
      permissions: [],
      createdAt: START,
    })
  })

  test('inactive: those who have it keep it, nobody gets it; active again', async () => {
    const { app, operator } = await start()
    const add = (id: string) => call(app, 'POST', `/members/${id}/add-plan`, { body: { planId: plans.free.id } })
    await operator.patch(path, { status: 'INACTIVE' })
    assertRefused(await add(ids.ben), 'planNotFound')
    assert.equal((await getMember(app, ids.ada)).planConnections[0].active, true)
    await operator.patch(path, { status: 'ACTIVE' })
    assert.equal((await add(ids.ben)).status, 200)
    await app.assertEvents('plan.updated', 'plan.updated', 'member.plan.added')
  })

  test('its type is as it was made', async () => {
    const { app, operator } = await start()
    for (const type of ['SUBSCRIPTION', 'FREE'])
      assert.deepEqual(fieldsOf(await operator.patch(path, { type })), ['type'])
    assert.deepEqual(fieldsOf(await operator.patch(path, { id: 'pln_other' })), ['id'])
    await app.assertEvents()
  })

  test('bound to an environment, it serves that one alone', async () => {
    const { app, operator } = await start()
    const serves = async (key: string, id: string) => {
      const { status } = await call(app, 'POST', `/members/${id}/add-plan`, { key, body: { planId: plans.plus.id } })
      return status === 200
    }
    const plus = `${PLANS}/${plans.plus.id}`
    await operator.patch(plus, { environment: 'live' })
    assert.deepEqual([await serves(keys.acme, ids.ben), await serves(keys.acmeLive, ids.adaLive)], [false, true])
    const offered = async (key: string) => (await okClient(app, 'GET', '/app', { key })).plans.map(({ id }: Json) => id)
    assert.ok(!(await offered(keys.acmePublic)).includes(plans.plus.id))
    assert.ok((await offered(keys.acmeLivePublic)).includes(plans.plus.id))
    await operator.patch(plus, { environment: null })
    assert.equal(await serves(keys.acme, ids.ben), true)
  })
})

describe('removed', () => {
  const path = `${PLANS}/${plans.plus.id}`
  const body = { planId: plans.plus.id }

  test('while nobody holds it: gone everywhere, and its id is free', async () => {
    const { app, operator } = await start()
    const removed = await operator.delete(path)
    assert.deepEqual([removed.status, removed.body], [204, null])
    assert.deepEqual(await assertOneEvent(app, 'plan.deleted', plans.plus.id, ids.acme), { id: plans.plus.id })
    assertProblem(await operator.get(path), 404, 'notFound')
    assertProblem(await operator.delete(path), 404, 'notFound')
    assertRefused(await call(app, 'POST', `/members/${ids.ada}/add-plan`, { body }), 'planNotFound')
    await app.assertEvents()
    const again = await operator.post<Json>(PLANS, { id: plans.plus.id, name: 'New plus', type: 'SUBSCRIPTION' })
    assert.deepEqual([again.status, again.body.type], [201, 'SUBSCRIPTION'])
  })

  test('not while a member of either environment holds it, nor one who can come back with it', async () => {
    const { app, operator } = await start()
    await ok(app, 'POST', `/members/${ids.adaLive}/add-plan`, { key: keys.acmeLive, body })
    await app.newEvents()
    assertProblem(await operator.delete(path), 409, 'conflict')
    await ok(app, 'DELETE', `/members/${ids.adaLive}`, { key: keys.acmeLive })
    await app.newEvents()
    assertProblem(await operator.delete(path), 409, 'conflict')
    await app.assertEvents()
    app.clock.advance(30 * DAY + SECOND)
    await app.app.runJobs()
    await app.newEvents()
    assert.equal((await operator.delete(path)).status, 204)
    await app.assertEvents('plan.deleted')
  })

  test('once its last holder gave it up', async () => {
    const { app, operator } = await start()
    await ok(app, 'POST', `/members/${ids.ben}/add-plan`, { body })
    assertProblem(await operator.delete(path), 409, 'conflict')
    await ok(app, 'POST', `/members/${ids.ben}/remove-plan`, { body })
    assert.equal((await operator.delete(path)).status, 204)
  })
})
