// Memberstack contract section 10, what pages ask about the app itself: its shape, its plans and content groups, the
// first call of a page and its reports.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  ACME,
  acmeSeed,
  callRoute,
  crowd,
  gold,
  logOut,
  outOfScope,
  tokenFor,
  tour,
} from './memberstack.client.support.ts'
import {
  acme,
  assertRefused,
  type Call,
  call,
  callClient,
  type Json,
  keys,
  type Method,
  okClient,
  plans,
  SEED,
} from './memberstack.support.ts'
import { openClient } from './socket.ts'
import { startApp } from './support.ts'

/** Section 7: a plan as the client API shows it in lists. */
const shownTour = {
  id: tour.id,
  name: tour.name,
  description: tour.description,
  priority: tour.priority,
  prices: [],
  redirects: tour.redirects,
}
const shownFree = { id: plans.free.id, name: plans.free.name, description: null, priority: null, prices: [] }
const shownGold = { id: gold.id, name: gold.name, description: null, priority: null, prices: gold.prices }

const idsIn = (list: Json): string[] => list.map(({ id }: Json) => id).toSorted()

const customFields = [
  { key: 'country', label: 'Country', hidden: false, visibility: 'PUBLIC', restrictToAdmin: false },
  { key: 'score', label: 'Score', hidden: true, visibility: 'PRIVATE', restrictToAdmin: true },
]

const contentGroups = [
  {
    id: 'cnt_library',
    name: 'Library',
    key: 'library',
    allowAllMembers: false,
    redirect: '/join',
    urls: [{ url: '/library', filter: 'STARTS_WITH' }],
    plans: [plans.free.id],
  },
  { id: 'cnt_all', name: 'Members', key: 'members', allowAllMembers: true, redirect: '/login', urls: [], plans: [] },
]

test('the app is shown with these fields and no others, alike in both environments but for its mode', async () => {
  const app = await startApp(ACME)
  for (const [key, mode, own, others] of [
    [keys.acmePublic, 'sandbox', plans.sandboxOnly.id, plans.liveOnly.id],
    [keys.acmeLivePublic, 'live', plans.liveOnly.id, plans.sandboxOnly.id],
  ] as const) {
    const { plans: shownPlans, isPaid, ...shown } = await okClient(app, 'GET', '/app', { key })
    assert.deepEqual(shown, {
      id: acme.id,
      name: acme.name,
      mode,
      contentGroups: [],
      customFields: [],
      allowMemberSelfDelete: true,
      captchaRequired: false,
      authProviders: [],
      additionalAuthMethods: { passwordless: { enabled: true, isDefault: false } },
      ssoSignupButtonURL: null,
      branding: { logo: null, colors: { lightMode: {} } },
    })
    assert.equal(typeof isPaid, 'boolean')
    const byId = new Map(shownPlans.map((plan: Json) => [plan.id, plan]))
    assert.deepEqual(byId.get(tour.id), shownTour)
    assert.deepEqual(byId.get(plans.free.id), shownFree)
    assert.deepEqual(byId.get(gold.id), shownGold)
    assert.deepEqual([byId.has(own), byId.has(others)], [true, false])
  }
})

test('the app shows what its settings say', async () => {
  const settings = { customFields, contentGroups, allowMemberSelfDelete: false, passwordless: false }
  const app = await startApp(acmeSeed(settings))
  const shown = await okClient(app, 'GET', '/app')
  const orders = shown.customFields.map(({ order }: Json) => order)
  assert.deepEqual(
    orders,
    orders.toSorted((a: number, b: number) => a - b),
  )
  assert.deepEqual(
    shown.customFields,
    customFields.map((field, index) => ({ ...field, order: orders[index] })),
  )
  const groups = contentGroups.map(group => ({ ...group, plans: group.plans.map(id => ({ id })) }))
  assert.deepEqual(shown.contentGroups, groups)
  assert.equal(shown.allowMemberSelfDelete, false)
  assert.deepEqual(shown.additionalAuthMethods, { passwordless: { enabled: false, isDefault: false } })
  assert.deepEqual(await okClient(app, 'GET', '/app/content-groups'), groups)
})

test('an app without content groups has an empty list of them', async () => {
  assert.deepEqual(await okClient(await startApp(ACME), 'GET', '/app/content-groups'), [])
})

test('a plan is shown by its id, with its status; one that does not serve here is not found', async () => {
  const app = await startApp(SEED.replace('"plans":[', `"plans":[${JSON.stringify(tour)},${JSON.stringify(gold)},`))
  for (const [id, shown] of [
    [tour.id, { ...shownTour, status: 'ACTIVE' }],
    [gold.id, { ...shownGold, status: 'ACTIVE' }],
    [plans.retired.id, { ...shownFree, id: plans.retired.id, name: plans.retired.name, status: 'INACTIVE' }],
  ] as const) {
    assert.deepEqual(await okClient(app, 'GET', `/app/plans/${id}`), shown)
  }
  assert.equal(
    (await okClient(app, 'GET', `/app/plans/${plans.liveOnly.id}`, { key: keys.acmeLivePublic })).id,
    plans.liveOnly.id,
  )
  for (const id of [plans.liveOnly.id, 'pln_globex', 'pln_none', 'none']) {
    assertRefused(await callClient(app, 'GET', `/app/plans/${id}`), 'planNotFound')
  }
})

test('plans are listed by status, without it, and those of the environment alone', async () => {
  const app = await startApp(ACME)
  const active = [plans.free, plans.plus, plans.staff, plans.paid, plans.once, tour, gold].map(({ id }) => id)
  const expected = (own: string) => ({
    ALL: [...active, plans.retired.id, own].toSorted(),
    ACTIVE: [...active, own].toSorted(),
    INACTIVE: [plans.retired.id],
  })
  for (const [key, own] of [
    [keys.acmePublic, plans.sandboxOnly.id],
    [keys.acmeLivePublic, plans.liveOnly.id],
  ] as const) {
    for (const [status, ids] of Object.entries(expected(own))) {
      const list = await okClient(app, 'GET', `/app/plans?status=${status}`, { key })
      assert.deepEqual(idsIn(list), ids, status)
      for (const plan of list) assert.ok(!('status' in plan))
    }
  }
  const all = await okClient(app, 'GET', '/app/plans?status=ALL')
  assert.deepEqual(
    all.find(({ id }: Json) => id === tour.id),
    shownTour,
  )
  assert.ok(Array.isArray(await okClient(app, 'GET', '/app/plans')))
})

test('the first call of a page gives app and member at once; without a good token there is no member', async () => {
  const app = await startApp(ACME)
  const token = await tokenFor(app, 'nina@acme.example')
  const ended = await tokenFor(app, 'otto@acme.example')
  await logOut(app, ended)
  await app.newEvents()
  const shown = await okClient(app, 'GET', '/app')
  const member = await okClient(app, 'GET', '/member', { token })
  for (const [method, body] of [
    ['GET', undefined],
    ['POST', { data: { page: '/', referrer: null } }],
    ['POST', {}],
  ] as [Method, object | undefined][]) {
    const options = body === undefined ? {} : { body }
    for (const [sent, expected] of [
      [token, member],
      [ended, null],
      ['garbage', null],
      [undefined, null],
    ] as const) {
      const reply = await okClient(app, method, '/app-member', { ...options, ...(sent ? { token: sent } : {}) })
      const { sessionData, ...rest } = reply
      assert.deepEqual(rest, { app: shown, member: expected })
      assert.deepEqual(Object.keys(sessionData), ['sessionId'])
    }
  }
  await app.assertEvents()
})

describe('a session', () => {
  const calls: [Method, string, Call][] = [
    ['GET', '/app-member', {}],
    ['POST', '/app-member', { body: { data: {} } }],
    ['POST', '/page-view', { body: { data: { page: '/' } } }],
  ]

  test('keeps the id that the page sends', async () => {
    const app = await startApp(ACME)
    for (const id of ['a', 'clx2v9k10003q8l7t5r1w0zdab', 'A-b_9']) {
      for (const [method, path, options] of calls) {
        const headers = { 'x-session-id': id }
        assert.deepEqual((await okClient(app, method, path, { ...options, headers })).sessionData, { sessionId: id })
      }
    }
  })

  test('gets a new id of at most 26 characters when it has none, or one that is not taken', async () => {
    const app = await startApp(ACME)
    const seen: string[] = []
    for (const sent of [undefined, '', 'x'.repeat(27), 'with blank', 'a.b', '<script>', 'undefined; a']) {
      for (const [method, path, options] of calls) {
        const headers: Record<string, string> = sent === undefined ? {} : { 'x-session-id': sent }
        const { sessionId } = (await okClient(app, method, path, { ...options, headers })).sessionData
        assert.match(sessionId, /^[A-Za-z0-9_-]{1,26}$/)
        seen.push(sessionId)
      }
    }
    assert.equal(new Set(seen).size, seen.length, 'each its own')
  })
})

test('reports of pages and events are taken, whoever sends them, and nothing is kept of them', async () => {
  const app = await startApp(ACME)
  const token = await tokenFor(app, 'nina@acme.example')
  const before = await tables(app)
  await app.newEvents()
  for (const options of [{}, { token }, { token: 'garbage' }]) {
    for (const body of [{ data: { page: '/', private: 'x' } }, {}]) {
      const { sessionData, ...rest } = await okClient(app, 'POST', '/page-view', { ...options, body })
      assert.deepEqual([rest, Object.keys(sessionData)], [{}, ['sessionId']])
    }
    for (const body of [{ name: 'clicked', payload: { x: [1] } }, {}, ['a', 1], '"text"', '5', '']) {
      assert.deepEqual(await okClient(app, 'POST', '/event', { ...options, body }), { success: true })
    }
  }
  await app.assertEvents()
  assert.deepEqual(await tables(app), before)
})

/** How many rows each table holds. */
async function tables({ app }: { app: { context: { db: Json } } }): Promise<Record<string, number>> {
  const { db } = app.context
  const counts: Record<string, number> = {}
  for (const { name } of await db.introspection.getTables()) {
    counts[name] = (await db.selectFrom(name).selectAll().execute()).length
  }
  return counts
}

test('what Understudy leaves out is answered 404 in the envelope, with a key or without', async () => {
  const app = crowd(await startApp(ACME))
  const token = await tokenFor(app, 'nina@acme.example')
  await app.newEvents()
  for (const route of outOfScope) {
    for (const options of [{}, { token }, { key: null }, { key: 'pk_sb_nobody' }]) {
      const reply = await callRoute(app, route, options)
      assert.equal(reply.status, 404, `${route.method} ${route.path}`)
      assertRefused(reply, 'notFound', `Cannot ${route.method} ${route.path}`)
    }
  }
  await app.assertEvents()
})

test('data tables stand below another vendor’s prefix: whatever the method, the envelope is ours', async () => {
  const app = await startApp(ACME)
  const send = openClient(await app.app.listen())
  for (const path of ['/v2/data-tables', '/v2/data-tables/', '/v2/data-tables/notes', '/v2/data-tables/notes?a=%zz']) {
    for (const method of ['GET', 'POST', 'TRACE', 'PROPFIND', 'SEARCH', 'QUERY']) {
      const { status, headers, text } = await send({ method, path, headers: { origin: 'https://page.example' } })
      const message = `Cannot ${method} ${path.split('?', 1)[0]}`
      assert.deepEqual([status, JSON.parse(text)], [404, { code: 'generic-message', message }])
      assert.equal(headers['access-control-allow-origin'], 'https://page.example')
    }
  }
})

test('what begins like an Admin path is not the client API, nor the other way round', async () => {
  const app = await startApp(ACME)
  assertRefused(await callClient(app, 'GET', '/members'), 'secretKeyMissing')
  assertRefused(await call(app, 'GET', '/member'), 'publicKeyMissing')
  assertRefused(await call(app, 'GET', '/app'), 'publicKeyMissing')
})
