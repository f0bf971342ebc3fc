// Members as operators see them: both environments, deleted ones that come back or are forgotten, permissions, any plan
// in any state.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ACME, APPS, fieldsOf, start } from './memberstack.control.support.ts'
import {
  acmeWith,
  ada,
  assertRefused,
  call,
  callClient,
  createMember,
  freeConnection,
  getMember,
  ids,
  type Json,
  keys,
  login,
  memberRecord,
  ok,
  okClient,
  plans,
  START,
  seedOf,
} from './memberstack.support.ts'
import { assertProblem, operatorOf, walk } from './operator.ts'
import { DAY, SECOND, startApp, type TestApp } from './support.ts'

const MEMBERS = `${ACME}/members`
const ADA = `${MEMBERS}/${ids.ada}`

const idsOf = (members: Json[]) => members.map(({ id }) => id)

/** What operators alone see, of a member that is neither deleted nor kept out. */
const living = { environment: 'sandbox', hasPassword: true, suspendedBy: [], updatedAt: START, deletedAt: null }

/** The sandbox as Admin lists it. */
async function listed(app: TestApp): Promise<{ totalCount: number; ids: string[] }> {
  const { totalCount, data } = await ok(app, 'GET', '/members')
  return { totalCount, ids: idsOf(data) }
}

describe('reads', () => {
  test('an environment’s members, each with what operators alone see', async () => {
    const { app, operator } = await start()
    const wire = await ok(app, 'GET', '/members?includeJSON=true')
    const [first, second, ...more] = (await operator.get<Json>(`${MEMBERS}?environment=sandbox`)).body.data
    assert.deepEqual(first, { ...wire.data[0], ...living })
    assert.deepEqual(second, { ...wire.data[1], ...living, hasPassword: false })
    assert.deepEqual(more, [])
    assert.deepEqual((await operator.get(ADA)).body, first)
    const { body } = await operator.get<Json>(`${MEMBERS}?environment=live`)
    assert.deepEqual(idsOf(body.data), [ids.adaLive])
    assert.equal(body.data[0].environment, 'live')
    await app.assertEvents()
  })

  test('page by page, in the order in which they came', async () => {
    const { app, operator } = await start()
    const made = [ids.ada, ids.ben]
    for (let count = 0; count < 5; count++) made.push((await createMember(app)).id)
    await createMember(app, {}, { key: keys.acmeLive })
    const walked = await walk<Json>(operator, `${MEMBERS}?environment=sandbox`, 2)
    assert.deepEqual(idsOf(walked), made)
    for (const id of [ids.ben, made[4], ids.ada]) await ok(app, 'DELETE', `/members/${id}`)
    const deleted = await walk<Json>(operator, `${MEMBERS}?environment=sandbox&state=deleted`, 2)
    assert.deepEqual(idsOf(deleted), [ids.ada, ids.ben, made[4]])
    assert.deepEqual(await walk(operator, `${MEMBERS}?environment=live&state=deleted`, 2), [])
  })

  test('whatever a member holds is shown as it is', async () => {
    const { app, operator } = await start()
    const body =
      '{"email":"zoë@acme.example","password":"correct horse battery","customFields":' +
      '{"b":[1,null,{"c":true}],"10":"ten","__proto__":{"a":1},"lone":"\\ud800","empty":{},"big":1e21},' +
      '"metaData":{"none":null,"zero":0,"text":"\\u2028"},"json":[[],{},"x",null,[{"deep":[[1.5]]}]]}'
    const made = await ok(app, 'POST', '/members', { body })
    const { body: shown } = await operator.get<Json>(`${MEMBERS}/${made.id}`)
    assert.deepEqual(shown, { ...made, ...living })
    assert.equal(JSON.stringify(shown.customFields), JSON.stringify(made.customFields))
    assert.ok(Object.hasOwn(shown.customFields, '__proto__'))
  })

  test('which environment has to be said, and states have names', async () => {
    const { operator } = await start()
    for (const [query, path] of [
      ['', 'environment'],
      ['?environment=test', 'environment'],
      ['?environment=live&state=gone', 'state'],
      ['?environment=live&after=x', 'after'],
      ['?environment=live&limit=0', 'limit'],
    ] as const) {
      assert.deepEqual(fieldsOf(await operator.get(MEMBERS + query)), [path], query)
    }
  })

  test('a member is of its own app and environment', async () => {
    const { operator } = await start()
    for (const path of [`${MEMBERS}/${ids.adaGlobex}`, `${APPS}/${ids.globex}/members/${ids.ada}`, `${MEMBERS}/ada`]) {
      assertProblem(await operator.get(path), 404, 'notFound')
      assertProblem(await operator.patch(path, { permissions: [] }), 404, 'memberUnknown')
      assertProblem(await operator.post(`${path}/restore`), 404, 'notFound')
    }
  })
})

describe('deleted members', () => {
  test('come back as they were, at their old place; their password works, their tokens stay ended', async () => {
    const { app, operator } = await start()
    const { tokens } = await login(app, ada.email)
    await ok(app, 'POST', `/members/${ids.ada}/add-plan`, { body: { planId: plans.plus.id } })
    const before = await getMember(app, ids.ada)
    app.clock.advance(SECOND)
    await ok(app, 'DELETE', `/members/${ids.ada}`)
    const deletedAt = new Date(app.clock.now()).toISOString()
    assert.deepEqual((await operator.get<Json>(ADA)).body, { ...before, ...living, deletedAt })
    assert.deepEqual(await listed(app), { totalCount: 1, ids: [ids.ben] })
    await app.newEvents()

    app.clock.advance(29 * DAY)
    const restored = await operator.post<Json>(`${ADA}/restore`)
    assert.deepEqual([restored.status, restored.body], [200, { ...before, ...living }])
    const [event, ...more] = await app.newEvents()
    assert.deepEqual([event?.type, event?.subject, event?.tenant], ['member.restored', ids.ada, ids.acme])
    assert.deepEqual([event?.data, more], [{ environment: 'sandbox', member: before }, []])
    assert.deepEqual(await getMember(app, ids.ada), before)
    assert.deepEqual(await listed(app), { totalCount: 2, ids: [ids.ada, ids.ben] })
    assert.equal(await okClient(app, 'GET', '/member', { token: tokens.accessToken }), null)
    assert.equal((await login(app, ada.email)).member.id, ids.ada)
    assertProblem(await operator.post(`${ADA}/restore`), 409, 'conflict')
  })

  test('stay deleted while their email is another’s', async () => {
    const { app, operator } = await start()
    await ok(app, 'DELETE', `/members/${ids.ada}`)
    const newcomer = await createMember(app, { email: 'ADA@acme.example' })
    await app.newEvents()
    assertProblem(await operator.post(`${ADA}/restore`), 409, 'conflict')
    assert.equal((await getMember(app, ada.email)).id, newcomer.id)
    assert.equal((await listed(app)).totalCount, 2)
    await app.assertEvents()
    await ok(app, 'DELETE', `/members/${newcomer.id}`)
    assert.equal((await operator.post(`${ADA}/restore`)).status, 200)
    assert.deepEqual((await listed(app)).ids, [ids.ada, ids.ben])
  })

  test('are forgotten when their retention time is over, with their plans', async () => {
    const { app, operator } = await start()
    await ok(app, 'DELETE', `/members/${ids.ada}`)
    await ok(app, 'DELETE', `/members/${ids.ben}`)
    app.clock.advance(30 * DAY)
    await app.app.runJobs()
    assert.equal((await operator.post(`${MEMBERS}/${ids.ben}/restore`)).status, 200)
    assert.equal((await operator.get(ADA)).status, 200)
    app.clock.advance(1)
    await app.newEvents()
    await app.app.runJobs()
    const [event, ...more] = await app.newEvents()
    assert.deepEqual([event?.type, event?.subject, event?.tenant], ['member.purged', ids.ada, ids.acme])
    assert.deepEqual(
      [event?.actor, event?.data, more],
      ['system:retention', { environment: 'sandbox', id: ids.ada }, []],
    )
    assertProblem(await operator.get(ADA), 404, 'notFound')
    assertProblem(await operator.post(`${ADA}/restore`), 404, 'notFound')
    assert.deepEqual(await walk(operator, `${MEMBERS}?environment=sandbox&state=deleted`, 200), [])
    assert.deepEqual(await listed(app), { totalCount: 1, ids: [ids.ben] })
    const connections = app.app.context.db.selectFrom('memberstack_connections').select('member_id')
    assert.deepEqual(await connections.where('member_id', '=', ids.ada).execute(), [])
  })

  test('as many as there are, in one run', async () => {
    const members = Array.from({ length: 205 }, (_, n) => ({ id: `mem_sb_c${n}`, email: `m${n}@acme.example` }))
    const app = await startApp(seedOf(acmeWith({}, { members: { sandbox: members } })))
    await Promise.all(members.map(({ id }) => ok(app, 'DELETE', `/members/${id}`)))
    app.clock.advance(31 * DAY)
    await app.newEvents()
    await app.app.runJobs()
    await app.assertEvents(...members.map(() => 'member.purged'))
    assert.deepEqual(await walk(operatorOf(app), `${MEMBERS}?environment=sandbox&state=deleted`, 200), [])
  })

  test('cannot be changed', async () => {
    const { app, operator } = await start()
    await ok(app, 'DELETE', `/members/${ids.ada}`)
    await app.newEvents()
    assertProblem(await operator.patch(ADA, { stripeCustomerId: 'cus_2' }), 404, 'memberUnknown')
    assertProblem(await operator.call('PUT', `${ADA}/plans/${plans.paid.id}`, {}), 404, 'memberUnknown')
    assertProblem(await operator.delete(`${ADA}/plans/${plans.free.id}`), 404, 'memberUnknown')
    await app.assertEvents()
  })
})

describe('permissions and Stripe customer', () => {
  test('are the operator’s to set; clients are told, and no client can', async () => {
    const { app, operator } = await start()
    const before = await getMember(app, ids.ben)
    app.clock.advance(SECOND)
    const change = { permissions: ['view:all', 'edit:own'], stripeCustomerId: 'cus_ben' }
    const { body } = await operator.patch<Json>(`${MEMBERS}/${ids.ben}`, change)
    const updatedAt = new Date(app.clock.now()).toISOString()
    const expected = { ...before, ...change }
    assert.deepEqual(body, { ...expected, ...living, hasPassword: false, updatedAt })
    assert.deepEqual(await getMember(app, ids.ben), expected)
    const [event, ...more] = await app.newEvents()
    assert.deepEqual([event?.type, event?.data], ['member.updated', { environment: 'sandbox', member: expected }])
    assert.deepEqual(more, [])

    for (const same of [change, {}, { permissions: change.permissions }]) {
      assert.equal((await operator.patch(`${MEMBERS}/${ids.ben}`, same)).status, 200)
    }
    await ok(app, 'PATCH', `/members/${ids.ben}`, { body: { permissions: ['all'], stripeCustomerId: 'cus_other' } })
    await app.assertEvents()
    const cleared = await operator.patch<Json>(`${MEMBERS}/${ids.ben}`, { permissions: [], stripeCustomerId: null })
    assert.deepEqual([cleared.body.permissions, cleared.body.stripeCustomerId], [[], null])
    await app.assertEvents('member.updated')
  })

  test('what cannot be one is refused', async () => {
    const { app, operator } = await start()
    for (const [body, path] of [
      [{ permissions: 'all' }, 'permissions'],
      [{ permissions: [5] }, 'permissions.0'],
      [{ permissions: [''] }, 'permissions.0'],
      [{ permissions: ['a', 'a'] }, 'permissions'],
      [{ permissions: Array.from({ length: 101 }, (_, n) => `p${n}`) }, 'permissions'],
      [{ stripeCustomerId: 5 }, 'stripeCustomerId'],
      [{ stripeCustomerId: '' }, 'stripeCustomerId'],
      [{ email: 'other@acme.example' }, 'email'],
      [{ password: 'another password' }, 'password'],
    ] as const) {
      assert.deepEqual(fieldsOf(await operator.patch(ADA, body)), [path], JSON.stringify(body))
    }
    await app.assertEvents()
  })
})

describe('plans', () => {
  const planPath = (plan: { id: string }) => `${MEMBERS}/${ids.ben}/plans/${plan.id}`
  const ben = { id: ids.ben, email: 'ben@acme.example' }

  test('any plan, in any state, as a payment would bring it about; every step is told', async () => {
    const { app, operator } = await start()
    const path = planPath(plans.paid)
    const put = async (state: object) => {
      const { status, body } = await operator.call<Json>('PUT', path, state)
      assert.equal(status, 200)
      assert.deepEqual(body.planConnections, (await getMember(app, ids.ben)).planConnections)
      return body
    }
    const { planConnections, permissions } = await put({ status: 'REQUIRES_PAYMENT', payment: { amount: 12 } })
    const [connection, ...others] = planConnections
    const { id } = connection
    const first = {
      id,
      active: false,
      status: 'REQUIRES_PAYMENT',
      planId: plans.paid.id,
      planName: plans.paid.name,
      type: 'SUBSCRIPTION',
      payment: { amount: 12 },
    }
    assert.deepEqual([connection, others, permissions], [first, [], []])
    const [added] = await app.newEvents()
    assert.equal(added?.type, 'member.plan.added')
    assert.deepEqual(added?.data, { environment: 'sandbox', id: ids.ben, member: ben, planConnection: first })

    let previous: Json = first
    for (const [state, active] of [
      [{ status: 'TRIALING' }, true],
      [{ status: 'ACTIVE', payment: { amount: 12, nested: [{ a: null }] } }, true],
      [{ payment: null }, true],
      [{ status: 'REQUIRES_AUTHENTICATION' }, false],
      [{ status: 'CANCELED' }, false],
    ] as const) {
      const member = await put(state)
      const expected = { ...previous, ...state, active }
      assert.deepEqual(member.planConnections, [expected])
      assert.deepEqual(member.permissions, active ? plans.paid.permissions : [])
      const [updated, ...more] = await app.newEvents()
      assert.deepEqual([updated?.type, more], ['member.plan.updated', []])
      assert.deepEqual(updated?.data, {
        environment: 'sandbox',
        id: ids.ben,
        member: ben,
        planConnection: expected,
        prevPlanConnection: previous,
      })
      for (const same of [state, {}]) await put(same)
      await app.assertEvents()
      previous = expected
    }

    const taken = await operator.call<Json>('DELETE', path)
    assert.deepEqual([taken.status, taken.body.planConnections], [200, []])
    const [canceled, ...more] = await app.newEvents()
    assert.deepEqual([canceled?.type, canceled?.data.planConnection, more], ['member.plan.canceled', previous, []])
  })

  test('free ones too, restricted and inactive ones: never with a payment', async () => {
    const { app, operator } = await start()
    for (const plan of [plans.free, plans.staff, plans.retired, plans.sandboxOnly]) {
      const { status, body } = await operator.call<Json>('PUT', planPath(plan), { payment: { amount: 1 } })
      const connection = body.planConnections.at(-1)
      assert.deepEqual([status, connection], [200, freeConnection(connection.id, plan)])
    }
    await app.assertEvents(...Array.from({ length: 4 }, () => 'member.plan.added'))
    await operator.call('PUT', planPath(plans.free), { payment: { amount: 1 } })
    await app.assertEvents()
    const { body } = await operator.call<Json>('PUT', planPath(plans.free), { status: 'CANCELED' })
    assert.deepEqual([body.planConnections[0].active, body.planConnections[0].payment], [false, null])
    await app.assertEvents('member.plan.updated')
    assert.equal((await operator.call('DELETE', planPath(plans.retired))).status, 200)
    await app.assertEvents('member.plan.canceled')
  })

  test('what a client sees of a paid plan it cannot take away', async () => {
    const { app, operator } = await start()
    await operator.call('PUT', `${ADA}/plans/${plans.paid.id}`, { payment: { amount: 12 } })
    await app.newEvents()
    const { tokens, member } = await login(app, ada.email)
    assert.deepEqual(member.planConnections[1].payment, { amount: 12 })
    const body = { planId: plans.paid.id }
    assertRefused(await call(app, 'POST', `/members/${ids.ada}/remove-plan`, { body }), 'planNotFree')
    const token = tokens.accessToken
    assertRefused(await callClient(app, 'POST', '/member/plans/remove', { token, body }), 'planNotFree')
    await app.assertEvents('member.signed_in')
  })

  test('not there, not held, of the other environment: refused', async () => {
    const { app, operator } = await start()
    for (const planId of ['pln_none', plans.liveOnly.id, 'pln_globex']) {
      for (const method of ['PUT', 'DELETE'] as const) {
        const path = `${ADA}/plans/${planId}`
        assertProblem(await operator.call(method, path, method === 'PUT' ? {} : undefined), 404, 'planNotFound')
      }
    }
    assertProblem(await operator.delete(`${ADA}/plans/${plans.paid.id}`), 404, 'planNotHeld')
    for (const [body, path] of [
      [{ status: 'active' }, 'status'],
      [{ payment: 5 }, 'payment'],
      [{ payment: [] }, 'payment'],
      [{ active: true }, 'active'],
    ] as const) {
      const refused = await operator.call('PUT', `${ADA}/plans/${plans.free.id}`, body)
      assert.deepEqual(fieldsOf(refused), [path], JSON.stringify(body))
    }
    await app.assertEvents()
    assert.equal((await operator.call('PUT', `${MEMBERS}/${ids.adaLive}/plans/${plans.liveOnly.id}`, {})).status, 200)
  })
})

test('a member made by Admin is read here as it is there', async () => {
  const { app, operator } = await start()
  const member = await createMember(app, { email: 'New@acme.example' })
  const expected = memberRecord({ id: member.id, auth: { email: 'New@acme.example' } })
  assert.deepEqual((await operator.get(`${MEMBERS}/${member.id}`)).body, { ...expected, ...living })
})
