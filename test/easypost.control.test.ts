// EasyPost on the control side: parents, children that come back, settings; and the seed that makes them.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  acme,
  acmeRecord,
  assertRefused,
  call,
  createChild,
  deskRecord,
  globex,
  ids,
  type Json,
  keys,
  ok,
  SEED,
  seedOf,
} from './easypost.support.ts'
import { assertProblem, operatorOf, walk } from './operator.ts'
import { DAY, SECOND, startApp } from './support.ts'

const start = () => startApp(SEED)

describe('parents', () => {
  test('made with defaults and two keys that work; read, listed', async () => {
    const app = await start()
    const operator = operatorOf(app)
    const made = await operator.post<Json>('/easypost/parents', { name: 'Initech', email: 'Bill@initech.example' })
    assert.equal(made.status, 201)
    const { parent } = made.body
    assert.match(parent.id, /^user_[0-9a-f]{32}$/)
    assert.deepEqual(parent, {
      id: parent.id,
      name: 'Initech',
      email: 'Bill@initech.example',
      phoneNumber: null,
      rechargeAmount: '100.00',
      secondaryRechargeAmount: '100.00',
      rechargeThreshold: '0.00',
      createdAt: '2026-03-04T09:30:00.000Z',
      updatedAt: '2026-03-04T09:30:00.000Z',
      balance: '0.00',
      rateLimit: { listPerSecond: 5, perSecond: 50 },
      userEvents: true,
    })
    const [testKey, productionKey] = made.body.keys
    assert.deepEqual([testKey.key.mode, productionKey.key.mode], ['test', 'production'])
    const self = await ok(app, 'GET', '/users', { key: productionKey.apiKey })
    assert.deepEqual([self.id, self.balance, self.children], [parent.id, '0.00', []])
    await app.assertEvents('parent.created', 'credential.created', 'credential.created')
    assert.deepEqual((await operator.get(`/easypost/parents/${parent.id}`)).body, parent)
    const listed = await walk<Json>(operator, '/easypost/parents', 2)
    assert.deepEqual(new Set(listed.map(({ id }) => id)), new Set([ids.acme, ids.globex, parent.id]))
    assert.deepEqual(await ok(app, 'GET', '/events', { key: productionKey.apiKey }), { events: [], has_more: false })
  })

  test('a taken email or id, a wrong amount, a missing email: refused, and nothing is made', async () => {
    const app = await start()
    const operator = operatorOf(app)
    const create = (body: object) => operator.post('/easypost/parents', { name: 'Initech', ...body })
    assertProblem(await create({ email: 'DESK@acme.example' }), 409, 'userInvalid')
    assertProblem(await create({ id: ids.acme, email: 'a@initech.example' }), 409, 'conflict')
    assertProblem(await create({ email: 'a@initech.example', balance: '1.001' }), 422, 'invalid')
    assertProblem(await create({}), 422, 'invalid')
    await app.assertEvents()
  })

  test('balance, limits and the record change together; a repeat writes no event', async () => {
    const app = await start()
    const operator = operatorOf(app)
    app.clock.advance(SECOND)
    const change = { balance: '7.5', rateLimit: { perSecond: 9 }, name: 'Acme Inc', phoneNumber: '1' }
    const changed = await operator.patch<Json>(`/easypost/parents/${ids.acme}`, change)
    const { balance, rateLimit, name, phoneNumber } = changed.body
    assert.deepEqual(
      { balance, rateLimit, name, phoneNumber },
      { balance: '7.50', rateLimit: { listPerSecond: 1_000_000, perSecond: 9 }, name: 'Acme Inc', phoneNumber: '1' },
    )
    await app.assertEvents('parent.updated', 'user.updated')
    const self = await ok(app, 'GET', '/users')
    assert.deepEqual([self.balance, self.name, self.updated_at], ['7.50', 'Acme Inc', '2026-03-04T09:30:01Z'])
    await operator.patch(`/easypost/parents/${ids.acme}`, change)
    await app.assertEvents()
    assertProblem(await operator.patch('/easypost/parents/user_nobody', {}), 404, 'notFound')
    assertProblem(await operator.patch(`/easypost/parents/${ids.desk}`, {}), 404, 'notFound')
  })

  test('the balance is the operator’s: no client changes it', async () => {
    const app = await start()
    await ok(app, 'PUT', '/users', { body: { user: { balance: '1000000.00' } } })
    assert.deepEqual(await ok(app, 'GET', '/users'), acmeRecord())
  })
})

describe('children that come back', () => {
  test('restored as it was, at its old place, with exactly the keys that the deletion ended', async () => {
    const app = await start()
    const operator = operatorOf(app)
    const extra = await ok(app, 'POST', '/api_keys', { key: keys.desk, body: { mode: 'production' } }, 201)
    const gone = await ok(app, 'POST', '/api_keys', { key: keys.desk, body: { mode: 'test' } }, 201)
    await ok(app, 'POST', `/api_keys/${extra.id}/disable`)
    await ok(app, 'DELETE', `/api_keys/${gone.id}`, {}, 204)
    await ok(app, 'DELETE', `/users/${ids.desk}`, {}, 204)
    await app.newEvents()

    const path = `/easypost/parents/${ids.acme}/children`
    const deleted = await operator.get<Json>(`${path}?status=deleted`)
    assert.deepEqual(
      deleted.body.data.map(({ id, deletedAt }: Json) => [id, deletedAt]),
      [[ids.desk, '2026-03-04T09:30:00.000Z']],
    )
    assert.deepEqual(
      (await operator.get<Json>(path)).body.data.map(({ id }: Json) => id),
      [ids.shop],
    )
    app.clock.advance(29 * DAY)
    const restored = await operator.post<Json>(`${path}/${ids.desk}/restore`)
    assert.deepEqual([restored.status, restored.body.deletedAt], [200, null])
    await app.assertEvents('user.restored', 'credential.enabled', 'credential.enabled', 'credential.cause_removed')
    assert.deepEqual(await ok(app, 'GET', `/users/${ids.desk}`), deskRecord)
    assert.deepEqual((await ok(app, 'GET', '/users')).children[0], deskRecord)
    for (const key of [keys.desk, keys.deskTest]) assert.deepEqual(await ok(app, 'GET', '/users', { key }), deskRecord)
    for (const { key } of [extra, gone]) assertRefused(await call(app, 'GET', '/users', { key }), 'APIKEY.INACTIVE')
    assertProblem(await operator.post(`${path}/${ids.desk}/restore`), 409, 'conflict')
  })

  test('not when its email is taken meanwhile, and nothing changes', async () => {
    const app = await start()
    const operator = operatorOf(app)
    await ok(app, 'DELETE', `/users/${ids.desk}`, {}, 204)
    const heir = await createChild(app, { name: 'Heir', email: 'Desk@acme.example' })
    await app.newEvents()
    const path = `/easypost/parents/${ids.acme}/children/${ids.desk}/restore`
    assertProblem(await operator.post(path), 409, 'conflict')
    await app.assertEvents()
    assertRefused(await call(app, 'GET', '/users', { key: keys.desk }), 'APIKEY.INACTIVE')
    await ok(app, 'PATCH', `/users/${heir.id}`, { body: { email: null } })
    assert.equal((await operator.post(path)).status, 200)
  })

  test('not by another parent, not one that never was', async () => {
    const app = await start()
    const operator = operatorOf(app)
    await ok(app, 'DELETE', `/users/${ids.desk}`, {}, 204)
    await app.newEvents()
    for (const [parent, id] of [
      [ids.globex, ids.desk],
      [ids.acme, 'user_nobody'],
      ['user_nobody', ids.desk],
    ]) {
      assertProblem(await operator.post(`/easypost/parents/${parent}/children/${id}/restore`), 404, 'notFound')
    }
    await app.assertEvents()
  })

  test('an operator who enables a key of a deleted child opens nothing', async () => {
    const app = await start()
    const operator = operatorOf(app)
    await ok(app, 'DELETE', `/users/${ids.desk}`, {}, 204)
    const { body } = await operator.get<Json>(`/keys?vendor=easypost&tenant=${ids.acme}`)
    for (const { id, owner } of body.data) if (owner === ids.desk) await operator.post(`/keys/${id}/enable`)
    assertRefused(await call(app, 'GET', '/users', { key: keys.desk }), 'APIKEY.INACTIVE')
  })

  test('when its retention time is over it is gone, with keys and brand, also as a cursor', async () => {
    const app = await start()
    const operator = operatorOf(app)
    await ok(app, 'PATCH', `/users/${ids.desk}/brand`, { body: { color: 'red' } })
    await ok(app, 'DELETE', `/users/${ids.desk}`, {}, 204)
    app.clock.advance(30 * DAY)
    await app.app.runJobs()
    await ok(app, 'GET', `/users/children?after_id=${ids.desk}`)
    app.clock.advance(SECOND)
    await app.newEvents()
    await app.app.runJobs()
    await app.assertEvents('credential.deleted', 'credential.deleted', 'user.purged')
    assertRefused(await call(app, 'GET', `/users/children?after_id=${ids.desk}`), 'NOT_FOUND')
    assertRefused(await call(app, 'GET', '/users', { key: keys.desk }), 'APIKEY.INACTIVE')
    const path = `/easypost/parents/${ids.acme}/children/${ids.desk}`
    assertProblem(await operator.post(`${path}/restore`), 404, 'notFound')
    assertProblem(await operator.get(path), 404, 'notFound')
    const { body } = await operator.get<Json>(`/keys?vendor=easypost&tenant=${ids.acme}`)
    assert.equal(body.data.filter((key: Json) => key.owner === ids.desk).length, 0)
    assert.deepEqual(await app.app.context.db.selectFrom('easypost_brands').selectAll().execute(), [])
  })

  test('children are listed page by page', async () => {
    const children = Array.from({ length: 7 }, (_, n) => ({ id: `user_${n}`, name: `Child ${n}` }))
    const app = await startApp(seedOf({ ...acme, children }))
    const listed = await walk<Json>(operatorOf(app), `/easypost/parents/${ids.acme}/children`, 3)
    assert.deepEqual(
      listed.map(({ id }) => id),
      children.map(({ id }) => id),
    )
    assertProblem(await operatorOf(app).get('/easypost/parents/user_nobody/children'), 404, 'notFound')
  })
})

describe('seeds', () => {
  test('everything may be pinned, or left out', async () => {
    const app = await startApp(
      seedOf(
        { name: 'Made up', email: 'a@b.example' },
        { ...acme, webhooks: [{ url: 'http://127.0.0.1:9/x', secret: 's' }] },
      ),
    )
    const { productionKey, testKey } = app.samples.easypost ?? {}
    assert.match(productionKey ?? '', /^EZAK[A-Za-z0-9]{54}$/)
    const self = await ok(app, 'GET', '/users', { key: productionKey ?? '' })
    assert.match(self.id, /^user_[0-9a-f]{32}$/)
    assert.equal((await ok(app, 'GET', '/users', { key: testKey ?? '' })).id, self.id)
    assert.deepEqual(await ok(app, 'GET', '/users'), acmeRecord())
    const [hook] = (await ok(app, 'GET', '/webhooks')).webhooks
    assert.match(hook.id, /^hook_[0-9a-f]{32}$/)
    assert.deepEqual([hook.mode, hook.url], ['production', 'http://127.0.0.1:9/x'])
  })

  test('a seed that contradicts itself stores nothing and says where', async () => {
    for (const [users, where] of [
      [[acme, { ...globex, email: 'admin@ACME.example' }], /easypost\.users\.1: /],
      [[acme, { ...globex, id: ids.acme }], /easypost\.users\.1: /],
      [[{ ...acme, children: [...acme.children, { name: 'x', email: 'Desk@acme.example' }] }], /users\.0\.children\.2/],
      [[{ ...acme, keys: { production: 'same', test: 'same' } }], /users\.0/],
      [[{ ...acme, balance: '-1' }], /balance/],
      [[{ ...acme, keys: { production: 'with blank' } }], /keys/],
    ] as const) {
      await assert.rejects(startApp(seedOf(...users)), where)
    }
  })
})
