// Memberstack's webhooks, contract section 12: what receivers get, signed how, and when it is tried again. The
// operator's view of it: memberstack.control.webhooks.test.ts.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { logOut } from './memberstack.client.support.ts'
import { ACME } from './memberstack.control.support.ts'
import {
  type Call,
  control,
  createMember,
  getMember,
  ids,
  type Json,
  keys,
  login,
  type Method,
  ok,
  okClient,
  PASSWORD,
  plans,
} from './memberstack.support.ts'
import { assertRefused, assertVerified } from './memberstack.verifiers.ts'
import {
  bodyOf,
  DELIVERIES,
  HOOKS,
  NEXT_SECRET,
  type Scene,
  SECRET,
  sentBy,
  startScene,
} from './memberstack.webhooks.support.ts'
import { walk } from './operator.ts'
import { type Received, type Receiver, startReceiver, theOnly } from './receiver.ts'
import { HOUR, MINUTE, SECOND, type TestApp } from './support.ts'

const bea = { email: 'Bea@acme.example', password: PASSWORD, json: [1, { two: 3 }], plans: [{ planId: plans.free.id }] }
const addPlan = (app: TestApp, id: string, planId: string) =>
  ok(app, 'POST', `/members/${id}/add-plan`, { body: { planId } })
const removePlan = (app: TestApp, id: string, planId: string) =>
  ok(app, 'POST', `/members/${id}/remove-plan`, { body: { planId } })

function connectionOf(member: Json, planId: string): Json {
  const found = member.planConnections.find((connection: Json) => connection.planId === planId)
  assert.ok(found)
  return found
}

/** Asserts that `work`, a second and a bit later, sends exactly these, in the order of the names. */
async function assertSends(
  scene: Scene,
  work: () => Promise<unknown>,
  ...expected: [event: string, payload: object][]
): Promise<void> {
  scene.app.clock.advance(SECOND + 7)
  const timestamp = scene.app.clock.now()
  const sent = await sentBy(scene, work)
  assert.deepEqual(
    sent.map(bodyOf),
    expected.map(([event, payload]) => ({ event, timestamp, payload })),
  )
  for (const request of sent) assert.deepEqual(Object.keys(bodyOf(request)), ['event', 'timestamp', 'payload'])
}

describe('what is sent', () => {
  test('a member’s life, event by event: names, payloads, times', async () => {
    const scene = await startScene()
    const { app } = scene
    let member: Json
    const created = await sentBy(scene, async () => {
      member = await createMember(app, bea)
    })
    const { id } = member
    const owner = { id, email: bea.email }
    const connection = connectionOf(member, plans.free.id)
    const timestamp = app.clock.now()
    assert.deepEqual(created.map(bodyOf), [
      { event: 'member.created', timestamp, payload: member },
      { event: 'member.plan.added', timestamp, payload: { id, member: owner, planConnection: connection } },
    ])
    assert.deepEqual(member.json, bea.json)

    const updates: object[] = [
      { customFields: { 'first-name': 'Bea' } },
      { metaData: { source: 'import' } },
      { json: { score: 4 } },
      { verified: true },
      { loginRedirect: '/welcome' },
      { profileImage: 'https://images.example/bea.png' },
    ]
    for (const body of updates) {
      member = { ...member, ...body }
      await assertSends(scene, () => ok(app, 'PATCH', `/members/${id}`, { body }), ['member.updated', member])
    }
    const email = 'bea.b@acme.example'
    member = { ...member, auth: { email } }
    await assertSends(scene, () => ok(app, 'PATCH', `/members/${id}`, { body: { email } }), ['member.updated', member])

    const canceled = { ...connection, active: false, status: 'CANCELED' }
    await assertSends(scene, () => removePlan(app, id, plans.free.id), [
      'member.plan.canceled',
      { id, member: { id, email }, planConnection: canceled },
    ])
    await assertSends(scene, () => ok(app, 'DELETE', `/members/${id}`), ['member.deleted', { id }])
  })

  test('a plan added: the connection as the member shows it then', async () => {
    const scene = await startScene()
    const [added, ...more] = await sentBy(scene, () => addPlan(scene.app, ids.ben, plans.plus.id))
    assert.ok(added)
    assert.deepEqual(more, [])
    const { event, payload } = bodyOf(added)
    const planConnection = connectionOf(await getMember(scene.app, ids.ben), plans.plus.id)
    const member = { id: ids.ben, email: 'ben@acme.example' }
    assert.deepEqual([event, payload], ['member.plan.added', { id: ids.ben, member, planConnection }])
  })

  test('a plan whose state or payment changes: the connection as it is and as it was', async () => {
    const scene = await startScene()
    const { app } = scene
    const path = `${ACME}/members/${ids.ben}/plans/${plans.paid.id}`
    const owner = { id: ids.ben, email: 'ben@acme.example' }
    const added = await sentBy(scene, () => control(app, 'PUT', path, { status: 'TRIALING' }))
    let previous = bodyOf(theOnly({ ...scene.receiver, requests: added })).payload.planConnection
    assert.deepEqual([previous.active, previous.status, previous.payment], [true, 'TRIALING', null])
    for (const [state, active] of [
      [{ status: 'ACTIVE', payment: { amount: 12, last: '2026-03-04' } }, true],
      [{ status: 'REQUIRES_PAYMENT' }, false],
      [{ payment: null }, false],
      [{ status: 'CANCELED' }, false],
    ] as const) {
      const planConnection = { ...previous, ...state, active }
      await assertSends(scene, () => control(app, 'PUT', path, state), [
        'member.plan.updated',
        { id: ids.ben, member: owner, planConnection, prevPlanConnection: previous },
      ])
      await assertSends(scene, () => control(app, 'PUT', path, state))
      previous = planConnection
    }
    await assertSends(scene, () => control(app, 'DELETE', path), [
      'member.plan.canceled',
      { id: ids.ben, member: owner, planConnection: previous },
    ])
  })

  test('sign-up tells of the member and of its plan; the member’s own changes are told alike', async () => {
    const scene = await startScene()
    const { app } = scene
    let auth: Json
    const signedUp = await sentBy(scene, async () => {
      auth = await okClient(app, 'POST', '/auth/signup', { body: bea })
    })
    const { id } = auth.member
    const token = auth.tokens.accessToken
    const [created, added] = signedUp.map(bodyOf)
    assert.deepEqual([signedUp.length, created?.event, added?.event], [2, 'member.created', 'member.plan.added'])
    assert.deepEqual(created?.payload, await getMember(app, id))

    const changes: [method: Method, path: string, call: Call, event: string][] = [
      ['POST', '/member', { body: { customFields: { a: '1' } } }, 'member.updated'],
      ['POST', '/member/json', { body: { json: { b: 2 } } }, 'member.updated'],
      ['POST', '/member-auth', { body: { email: 'b@acme.example' } }, 'member.updated'],
      ['POST', '/member/plans/add', { body: { planId: plans.plus.id } }, 'member.plan.added'],
      ['POST', '/member/plans/remove', { body: { planId: plans.plus.id } }, 'member.plan.canceled'],
    ]
    for (const [method, path, call, event] of changes) {
      const sent = (await sentBy(scene, () => okClient(app, method, path, { token, ...call }))).map(bodyOf)
      assert.deepEqual(
        sent.map(body => body.event),
        [event],
      )
      if (event === 'member.updated') assert.deepEqual(sent[0]?.payload, await getMember(app, id))
    }
    await assertSends(scene, () => okClient(app, 'DELETE', '/member', { token }), ['member.deleted', { id }])
  })

  test('nothing for what is no change: passwords, logins, repeats, plans held already', async () => {
    const { app, receiver } = await startScene()
    await ok(app, 'PATCH', `/members/${ids.ada}`, { body: { password: 'another password' } })
    await ok(app, 'PATCH', `/members/${ids.ada}`, { body: { customFields: {}, verified: false } })
    await addPlan(app, ids.ada, plans.free.id)
    const { tokens } = await login(app, 'ada@acme.example')
    await okClient(app, 'POST', '/member-auth', {
      token: tokens.accessToken,
      body: { oldPassword: PASSWORD, newPassword: 'another password' },
    })
    const again = await login(app, 'ada@acme.example', 'another password')
    await logOut(app, again.tokens.accessToken)
    await app.app.runJobs()
    assert.deepEqual(receiver.requests, [])
    await app.assertEvents('member.signed_in', 'member.password_changed', 'member.signed_in', 'member.logged_out')
  })

  test('nothing for what only operators know: restored, offboarded, back again, forgotten, plans and apps', async () => {
    const { app, operator, receiver } = await startScene()
    await ok(app, 'DELETE', `/members/${ids.ada}`)
    await app.app.runJobs()
    assert.equal(bodyOf(theOnly(receiver)).event, 'member.deleted')
    await operator.post(`${ACME}/members/${ids.ada}/restore`)
    for (const act of ['offboard', 'restore']) await operator.post(`/holders/ben@acme.example/${act}`)
    await operator.patch(`${ACME}/plans/${plans.free.id}`, { name: 'Another name' })
    await operator.patch(ACME, { settings: { passwordless: false } })
    await app.app.runJobs()
    assert.equal(receiver.requests.length, 1)
    await app.assertEvents(
      'member.deleted',
      'member.restored',
      'member.suspended',
      'member.resumed',
      'plan.updated',
      'app.updated',
    )
  })

  test('where offboarding takes plans, their going and coming is told', async () => {
    const scene = await startScene({ config: { offboarding: { removePlans: true } } })
    const { app, operator } = scene
    const connection = connectionOf(await getMember(app, ids.ada), plans.free.id)
    const about = { id: ids.ada, member: { id: ids.ada, email: 'Ada@acme.example' } }
    const act = (what: string) => () => operator.post(`/holders/ada@acme.example/${what}`)
    const canceled = { ...connection, active: false, status: 'CANCELED' }
    await assertSends(scene, act('offboard'), ['member.plan.canceled', { ...about, planConnection: canceled }])
    await assertSends(scene, act('restore'), ['member.plan.added', { ...about, planConnection: connection }])
  })

  test('an endpoint gets its own app’s and environment’s events, and those it asked for', async () => {
    const scene = await startScene()
    const { app, operator } = scene
    const others = { live: await startReceiver(), plans: await startReceiver() }
    for (const body of [
      { url: others.live.url, environment: 'live', secret: SECRET },
      { url: others.plans.url, environment: 'sandbox', secret: SECRET, events: ['member.plan.*'] },
    ]) {
      assert.equal((await operator.post(HOOKS, body)).status, 201)
    }
    await ok(app, 'DELETE', `/members/${ids.adaGlobex}`, { key: keys.globex })
    await ok(app, 'DELETE', `/members/${ids.adaLive}`, { key: keys.acmeLive })
    await ok(app, 'PATCH', `/members/${ids.ada}`, { body: { metaData: { a: 1 } } })
    await removePlan(app, ids.ada, plans.free.id)
    await app.app.runJobs()
    const told = ({ requests }: Receiver) => requests.map(bodyOf).map(({ event, payload }) => [event, payload.id])
    assert.deepEqual(told(others.live), [['member.deleted', ids.adaLive]])
    assert.deepEqual(told(others.plans), [['member.plan.canceled', ids.ada]])
    assert.deepEqual(told(scene.receiver).toSorted(), [
      ['member.plan.canceled', ids.ada],
      ['member.updated', ids.ada],
    ])
    const messageIds = [...others.plans.requests, ...scene.receiver.requests]
      .filter(request => bodyOf(request).event === 'member.plan.canceled')
      .map(({ headers }) => headers['svix-id'])
    assert.deepEqual([messageIds.length, new Set(messageIds).size], [2, 1], 'one event has one id at all endpoints')
  })
})

describe('the signature', () => {
  test('both official verifiers accept what arrives, whatever the member holds', async () => {
    const { app, receiver } = await startScene()
    const body =
      '{"email":"zoë@acme.example","password":"correct horse battery","customFields":' +
      '{"b":1,"10":"ten","2":"two","näme":"\\u2028 \\ud83d\\ude80","lone":"\\ud800"},' +
      '"metaData":{"big":123456789012345678901234567890,"tiny":-0.0,"huge":1e308},' +
      '"json":{"__proto__":{"a":[[[]]]},"a":1,"a":2,"1.50":1.50}}'
    await ok(app, 'POST', '/members', { body })
    await app.app.runJobs()
    const captured = theOnly(receiver)
    assert.equal(JSON.stringify(JSON.parse(captured.body)), captured.body)
    assertVerified(captured, SECRET, app.clock.now())
    assertRefused({ ...captured, body: captured.body.replace('ten', 'tin') }, SECRET, app.clock.now())
    assertRefused(captured, NEXT_SECRET, app.clock.now())
    assertRefused(captured, SECRET, app.clock.now() + 301 * SECOND)
    const { method, headers } = captured
    assert.deepEqual([method, headers['content-type']], ['POST', 'application/json'])
    assert.match(String(headers['svix-id']), /^msg_[0-9A-Za-z]{27}$/)
    assert.equal(headers['svix-timestamp'], String(Math.floor(app.clock.now() / 1000)))
    assert.match(String(headers['svix-signature']), /^v1,[A-Za-z0-9+/]{43}=$/)
    assert.equal(headers['ms-signature'], undefined)
  })

  test('a new secret switches: what waits is signed with it, and with it alone', async () => {
    const { app, operator, receiver, endpoint } = await startScene()
    receiver.answer(500)
    await ok(app, 'DELETE', `/members/${ids.ada}`)
    await app.app.runJobs()
    const changed = await operator.patch(`${HOOKS}/${endpoint}`, { secret: NEXT_SECRET })
    assert.equal(changed.status, 200)
    app.clock.advance(5 * SECOND)
    receiver.answer(200)
    await app.app.runJobs()
    const [first, second, ...more] = receiver.requests
    assert.ok(first && second)
    assert.deepEqual(more, [])
    assertVerified(first, SECRET, app.clock.now())
    assertVerified(second, NEXT_SECRET, app.clock.now())
    assertRefused(second, SECRET, app.clock.now())
    assert.match(String(second.headers['svix-signature']), /^v1,[^\s,]+$/)
    await app.assertEvents('member.deleted', 'webhook.updated')
  })
})

describe('attempts', () => {
  test('7, at exactly the contract’s times: id and body stay, time and signature are fresh', async () => {
    const { app, operator, receiver, endpoint } = await startScene()
    const begin = app.clock.now()
    receiver.answer(503)
    await ok(app, 'DELETE', `/members/${ids.ada}`)
    await app.app.runJobs()
    const pauses = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR]
    for (const [index, pause] of pauses.entries()) {
      app.clock.advance(pause - 1)
      await app.app.runJobs()
      assert.equal(receiver.requests.length, index + 1, `not before ${pause} ms`)
      app.clock.advance(1)
      await app.app.runJobs()
      assert.equal(receiver.requests.length, index + 2)
      const latest = receiver.requests[index + 1] as Received
      assert.equal(latest.headers['svix-timestamp'], String(app.clock.now() / 1000))
      assertVerified(latest, SECRET, app.clock.now())
    }
    assert.ok(app.clock.now() - begin < 24 * HOUR)
    app.clock.advance(7 * 24 * HOUR)
    await app.app.runJobs()
    assert.equal(receiver.requests.length, 7)
    const [failed, ...more] = await walk(operator, `${DELIVERIES}?status=failed&endpoint=${endpoint}`, 10)
    assert.deepEqual([failed?.attempts, more], [7, []])
    assert.equal((await operator.get(`${HOOKS}/${endpoint}`)).body.disabledAt, null)

    receiver.answer(200)
    assert.equal((await operator.post(`${DELIVERIES}/${failed?.id}/resend`)).status, 200)
    await app.app.runJobs()
    assert.equal(receiver.requests.length, 8)
    const distinct = (of: (request: Received) => unknown) => new Set(receiver.requests.map(of)).size
    assert.deepEqual([distinct(({ body }) => body), distinct(({ headers }) => headers['svix-id'])], [1, 1])
    assert.equal(
      distinct(({ headers }) => headers['svix-signature']),
      8,
    )
    await app.assertEvents('member.deleted', 'webhook.resent')
  })

  test('a redirect is a failure, any 2xx a success', async () => {
    const { app, receiver } = await startScene()
    receiver.answer((_request, response) => void response.writeHead(302, { location: `${receiver.url}/other` }).end())
    await ok(app, 'DELETE', `/members/${ids.ada}`)
    await app.app.runJobs()
    receiver.answer(299)
    app.clock.advance(5 * SECOND)
    await app.app.runJobs()
    app.clock.advance(24 * HOUR)
    await app.app.runJobs()
    assert.deepEqual(
      receiver.requests.map(({ path }) => path),
      ['/', '/'],
    )
  })
})
