// Memberstack contract section 7: plans added and removed by Admin.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  assertRefused,
  CONNECTION_ID,
  call,
  createMember,
  freeConnection,
  getMember,
  ids,
  type Json,
  keys,
  ok,
  plans,
  type Refusal,
  SEED,
} from './memberstack.support.ts'
import { startApp, type TestApp } from './support.ts'

const start = () => startApp(SEED)

const change = (app: TestApp, verb: 'add-plan' | 'remove-plan', planId: unknown, id = ids.ben, key = keys.acme) =>
  call(app, 'POST', `/members/${id}/${verb}`, { body: { planId }, key })

async function assertHeld(app: TestApp, planIds: string[], permissions: string[], id = ids.ben): Promise<void> {
  const member = await getMember(app, id)
  assert.deepEqual(
    member.planConnections.map(({ planId }: Json) => planId),
    planIds,
  )
  assert.deepEqual(member.permissions, permissions)
}

test('a free plan is added at once, with its permissions, and goes with them', async () => {
  const app = await start()
  assert.equal((await change(app, 'add-plan', plans.free.id)).body, 'OK')
  const member = await getMember(app, ids.ben)
  const [connection] = member.planConnections
  assert.match(connection.id, CONNECTION_ID)
  assert.deepEqual(member.planConnections, [freeConnection(connection.id, plans.free)])
  assert.deepEqual(member.permissions, plans.free.permissions)
  const about = { environment: 'sandbox', id: ids.ben, member: { id: ids.ben, email: 'ben@acme.example' } }
  const [added, ...none] = await app.newEvents()
  assert.deepEqual([added?.type, added?.subject, none], ['member.plan.added', ids.ben, []])
  assert.deepEqual(added?.data, { ...about, planConnection: connection })

  assert.equal((await change(app, 'remove-plan', plans.free.id)).body, 'OK')
  await assertHeld(app, [], [])
  const [canceled, ...more] = await app.newEvents()
  assert.deepEqual([canceled?.type, canceled?.subject, more], ['member.plan.canceled', ids.ben, []])
  const end = { ...connection, active: false, status: 'CANCELED' }
  assert.deepEqual(canceled?.data, { ...about, planConnection: end })
})

test('permissions are the member’s own, then those of its plans, each once', async () => {
  const app = await start()
  const own = ['view:start', 'view:library']
  await change(app, 'add-plan', plans.plus.id, ids.ada)
  await change(app, 'add-plan', plans.staff.id, ids.ada)
  await assertHeld(
    app,
    [plans.free.id, plans.plus.id, plans.staff.id],
    [...own, 'view:archive', 'edit:library'],
    ids.ada,
  )
  await change(app, 'remove-plan', plans.plus.id, ids.ada)
  await assertHeld(app, [plans.free.id, plans.staff.id], [...own, 'edit:library'], ids.ada)
  await change(app, 'remove-plan', plans.free.id, ids.ada)
  await assertHeld(app, [plans.staff.id], [...own, 'edit:library'], ids.ada)
})

test('what is already held stays one connection, and nobody is told', async () => {
  const app = await start()
  const before = await getMember(app, ids.ada)
  assert.equal((await change(app, 'add-plan', plans.free.id, ids.ada)).body, 'OK')
  assert.deepEqual(await getMember(app, ids.ada), before)
  await app.assertEvents()

  const replies = await Promise.all(Array.from({ length: 5 }, () => change(app, 'add-plan', plans.plus.id)))
  for (const { body } of replies) assert.equal(body, 'OK')
  await assertHeld(app, [plans.plus.id], plans.plus.permissions)
  await app.assertEvents('member.plan.added')

  const removals = await Promise.all(Array.from({ length: 4 }, () => change(app, 'remove-plan', plans.plus.id)))
  assert.equal(removals.filter(({ body }) => body === 'OK').length, 1)
  for (const reply of removals) if (reply.body !== 'OK') assertRefused(reply, 'noPlanFound')
  await app.assertEvents('member.plan.canceled')
})

test('a plan added again after its removal is a new connection', async () => {
  const app = await start()
  const idsSeen = new Set<string>()
  for (let round = 0; round < 3; round++) {
    await change(app, 'add-plan', plans.free.id)
    idsSeen.add((await getMember(app, ids.ben)).planConnections[0].id)
    await change(app, 'remove-plan', plans.free.id)
  }
  assert.equal(idsSeen.size, 3)
})

describe('what is refused', () => {
  const cases: ['add-plan' | 'remove-plan', string, unknown, Refusal, ...string[]][] = [
    ['add-plan', 'a subscription', plans.paid.id, 'planNotFree'],
    ['remove-plan', 'a subscription', plans.paid.id, 'planNotFree'],
    ['add-plan', 'a one-time plan', plans.once.id, 'planNotFree'],
    ['remove-plan', 'a one-time plan', plans.once.id, 'planNotFree'],
    ['add-plan', 'an inactive plan', plans.retired.id, 'planNotFound'],
    ['add-plan', 'an unknown plan', 'pln_nowhere', 'planNotFound'],
    ['remove-plan', 'an unknown plan', 'pln_nowhere', 'planNotFound'],
    ['add-plan', 'what is no plan’s id', 'Reader', 'planNotFound'],
    ['add-plan', 'a plan of the other environment', plans.liveOnly.id, 'planNotFound'],
    ['remove-plan', 'a plan of the other environment', plans.liveOnly.id, 'planNotFound'],
    ['add-plan', 'a plan of another app', 'pln_globex', 'planNotFound'],
    ['remove-plan', 'a plan that is not held', plans.plus.id, 'noPlanFound'],
    ['add-plan', 'an id that is no text', 5, 'badField', 'planId'],
    ['remove-plan', 'an id that is no text', true, 'badField', 'planId'],
    ['add-plan', 'an id that is null', null, 'badField', 'planId'],
    ['add-plan', 'no id', undefined, 'requiredFieldMissing', 'planId'],
    ['remove-plan', 'no id', undefined, 'requiredFieldMissing', 'planId'],
    ['add-plan', 'an id that is a list', [plans.free.id], 'badField', 'planId'],
  ]
  for (const [verb, what, planId, refusal, ...texts] of cases) {
    test(`${verb}: ${what}`, async () => {
      const app = await start()
      assertRefused(await change(app, verb, planId, ids.ada), refusal, ...texts)
      await assertHeld(app, [plans.free.id], ['view:start', 'view:library'], ids.ada)
      await app.assertEvents()
    })
  }

  test('an unknown member, a deleted one, another environment’s, an email', async () => {
    const app = await start()
    const { id: gone } = await createMember(app)
    await ok(app, 'DELETE', `/members/${gone}`)
    await app.newEvents()
    const nobody = ['mem_sb_cnobody000000000000000000', gone, ids.adaLive, ids.adaGlobex, 'ben%40acme.example', 'x']
    for (const id of nobody) {
      for (const verb of ['add-plan', 'remove-plan'] as const) {
        assertRefused(await change(app, verb, plans.free.id, id), 'noSuchMember')
        assertRefused(await change(app, verb, 5, id), 'badField', 'planId')
      }
    }
    await app.assertEvents()
  })
})

test('a plan serves both environments unless it names one', async () => {
  const app = await start()
  for (const [planId, key, id, refusal] of [
    [plans.free.id, keys.acmeLive, ids.adaLive],
    [plans.liveOnly.id, keys.acmeLive, ids.adaLive],
    [plans.sandboxOnly.id, keys.acmeLive, ids.adaLive, 'planNotFound'],
    [plans.sandboxOnly.id, keys.acme, ids.ben],
  ] as const) {
    const reply = await change(app, 'add-plan', planId, id, key)
    if (refusal) assertRefused(reply, refusal)
    else assert.equal(reply.body, 'OK')
  }
  const events = await app.newEvents()
  assert.deepEqual(
    events.map(({ data }) => data.environment),
    ['live', 'live', 'sandbox'],
  )
})
