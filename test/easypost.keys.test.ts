// EasyPost contract section 7: API keys on the wire; and with a holder, on the control side.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  acme,
  assertRefused,
  call,
  createChild,
  globex,
  ids,
  type Json,
  keys,
  ok,
  SEED,
  START,
  seedOf,
} from './easypost.support.ts'
import { operatorOf } from './operator.ts'
import { SECOND, startApp, type TestApp } from './support.ts'

const start = () => startApp(SEED)

/** The id of a key, by its secret, out of a parent's tree. */
async function idOf(app: TestApp, secret: string, key: string = keys.acme): Promise<string> {
  const tree = await ok(app, 'GET', '/api_keys', { key })
  const all: Json[] = [...tree.keys, ...tree.children.flatMap((child: Json) => child.keys)]
  const found = all.find(candidate => candidate.key === secret)
  assert.ok(found, secret)
  return found.id
}

const works = async (app: TestApp, key: string) => (await call(app, 'GET', '/users', { key })).status === 200

/** A tree without ids of keys, which nobody can foresee. */
function withoutKeyIds(node: Json): object {
  for (const { id } of node.keys) assert.match(id, /^ak_[0-9a-f]{32}$/)
  return {
    ...node,
    keys: node.keys.map(({ id: _id, ...key }: Json) => key),
    children: node.children.map(withoutKeyIds),
  }
}

const shownKey = (key: string, mode: string) => ({ object: 'ApiKey', active: true, key, mode, created_at: START })
const nodeOf = (id: string, testKey: string, production: string, children: object[] = []) => ({
  id,
  keys: [shownKey(testKey, 'test'), shownKey(production, 'production')],
  children,
})

describe('the tree', () => {
  test('a parent sees its own keys and those of every child, in full, with exactly these members', async () => {
    const app = await start()
    const tree = await ok(app, 'GET', '/api_keys')
    assert.deepEqual(
      withoutKeyIds(tree),
      nodeOf(ids.acme, keys.acmeTest, keys.acme, [
        nodeOf(ids.desk, keys.deskTest, keys.desk),
        nodeOf(ids.shop, keys.shopTest, keys.shop),
      ]),
    )
  })

  test('a child sees its own', async () => {
    const app = await start()
    const tree = await ok(app, 'GET', '/api_keys', { key: keys.desk })
    assert.deepEqual(withoutKeyIds(tree), nodeOf(ids.desk, keys.deskTest, keys.desk))
  })

  test('each listing is an event with who listed and how many keys it showed, and never a secret', async () => {
    const app = await start()
    await ok(app, 'GET', '/api_keys')
    await ok(app, 'GET', '/api_keys', { key: keys.desk })
    const written = await app.newEvents()
    assert.deepEqual(
      written.map(({ type, tenant, subject, data }) => [type, tenant, subject, data.shown]),
      [
        ['api_keys.listed', ids.acme, ids.acme, 6],
        ['api_keys.listed', ids.acme, ids.desk, 2],
      ],
    )
    const { body } = await operatorOf(app).get<{ data: Json[] }>(`/keys?vendor=easypost&tenant=${ids.acme}`)
    const used = body.data.find(key => key.owner === ids.acme && key.mode === 'production')
    assert.equal(written[0]?.data.fingerprint, used.fingerprint)
    assert.equal(written[0]?.actor, `key:${used.id}`)
    for (const secret of Object.values(keys)) assert.ok(!JSON.stringify([written, app.log]).includes(secret))
    assert.deepEqual(await ok(app, 'GET', '/events'), await ok(app, 'GET', '/events'))
    const types = (await ok(app, 'GET', '/events')).events.map((event: Json) => event.description)
    assert.ok(!types.includes('api_keys.listed'))
  })

  test('a parent with a child is reported for showing all of its secrets', async () => {
    const app = await startApp(seedOf(acme, { ...globex, children: [] }))
    await ok(app, 'GET', '/api_keys', { key: keys.globex })
    await ok(app, 'GET', '/api_keys', { key: keys.desk })
    assert.deepEqual(
      app.log.filter(line => line.trap),
      [],
    )
    await ok(app, 'GET', '/api_keys')
    assert.deepEqual(
      app.log.filter(line => line.trap).map(({ trap, tenant }) => [trap, tenant]),
      [['all-child-keys-exposed', ids.acme]],
    )
  })

  test('a tree over several batches is whole and in order', async () => {
    const children = Array.from({ length: 250 }, (_, n) => ({ id: `user_${n}`, name: `Child ${n}` }))
    const app = await startApp(seedOf({ ...acme, children }))
    const extra = await ok(app, 'GET', '/api_keys')
    assert.equal(extra.children.length, 250)
    for (const [n, child] of extra.children.entries()) {
      assert.equal(child.id, `user_${n}`)
      assert.deepEqual(
        child.keys.map((key: Json) => key.mode),
        ['test', 'production'],
      )
    }
  })
})

describe('making a key', () => {
  test('for the own user, in either mode; last in its list', async () => {
    const app = await start()
    app.clock.advance(SECOND)
    for (const [mode, form] of [
      ['test', /^EZTK[A-Za-z0-9]{54}$/],
      ['production', /^EZAK[A-Za-z0-9]{54}$/],
    ] as const) {
      const { id, key, ...rest } = await ok(app, 'POST', '/api_keys', { body: { mode }, key: keys.desk }, 201)
      assert.match(id, /^ak_[0-9a-f]{32}$/)
      assert.match(key, form)
      assert.deepEqual(rest, { object: 'ApiKey', active: true, mode, created_at: '2026-03-04T09:30:01Z' })
      assert.ok(await works(app, key))
      const listed = (await ok(app, 'GET', '/api_keys')).children[0].keys.at(-1)
      assert.deepEqual(listed, { id, key, ...rest })
    }
    const [made] = await app.newEvents()
    assert.deepEqual([made?.type, made?.tenant, made?.data.owner], ['api_key.created', ids.acme, ids.desk])
  })

  test('without a mode, or with another', async () => {
    const app = await start()
    for (const body of [{}, { mode: null }, { mode: '' }, { other: 'test' }]) {
      assertRefused(await call(app, 'POST', '/api_keys', { body }), 'PARAMETER.REQUIRED', ['mode', 'cannot be blank'])
    }
    for (const mode of ['live', 'Production', 1, true]) {
      const reply = await call(app, 'POST', '/api_keys', { body: { mode } })
      assertRefused(reply, 'PARAMETER.INVALID_TYPE', ['mode', 'must be test or production'])
    }
    const reply = await call(app, 'POST', '/api_keys', { body: { mode: ['test'] } })
    assertRefused(reply, 'PARAMETER.INVALID_TYPE', ['mode', 'must be a string'])
    await app.assertEvents()
  })
})

describe('disabling, enabling, deleting', () => {
  test('each holds from the next request on, and each repeat is quiet', async () => {
    const app = await start()
    const id = await idOf(app, keys.desk)
    await app.newEvents()
    const key = { id, object: 'ApiKey', key: keys.desk, mode: 'production', created_at: START }
    for (const _ of [1, 2]) {
      assert.deepEqual(await ok(app, 'POST', `/api_keys/${id}/disable`), { ...key, active: false })
      assertRefused(await call(app, 'GET', '/users', { key: keys.desk }), 'APIKEY.INACTIVE')
    }
    assert.ok(await works(app, keys.deskTest))
    await app.assertEvents('api_key.disabled')
    assert.equal((await ok(app, 'GET', '/api_keys')).children[0].keys[1].active, false)
    await app.newEvents()
    for (const _ of [1, 2]) {
      assert.deepEqual(await ok(app, 'POST', `/api_keys/${id}/enable`), { ...key, active: true })
      assert.ok(await works(app, keys.desk))
    }
    await app.assertEvents('api_key.enabled')
    await ok(app, 'DELETE', `/api_keys/${id}`, {}, 204)
    assertRefused(await call(app, 'GET', '/users', { key: keys.desk }), 'APIKEY.INACTIVE')
    assertRefused(await call(app, 'DELETE', `/api_keys/${id}`), 'NOT_FOUND')
    assertRefused(await call(app, 'POST', `/api_keys/${id}/enable`), 'NOT_FOUND')
    await app.assertEvents('api_key.deleted')
    assert.equal((await ok(app, 'GET', '/api_keys')).children[0].keys.length, 1)
  })

  test('the key in use, and the last one, may be hit', async () => {
    const app = await start()
    const own = await idOf(app, keys.desk, keys.acme)
    assert.equal((await ok(app, 'POST', `/api_keys/${own}/disable`, { key: keys.desk })).active, false)
    assertRefused(await call(app, 'POST', `/api_keys/${own}/enable`, { key: keys.desk }), 'APIKEY.INACTIVE')
    const last = await idOf(app, keys.globex, keys.globex)
    await ok(app, 'DELETE', `/api_keys/${last}`, { key: keys.globex }, 204)
    assertRefused(await call(app, 'GET', '/users', { key: keys.globex }), 'APIKEY.INACTIVE')
  })

  test('keys of others are not there: strangers, siblings, the parent seen from a child', async () => {
    const app = await start()
    const [acmes, shops, labs] = [
      await idOf(app, keys.acme),
      await idOf(app, keys.shop),
      await idOf(app, keys.lab, keys.globex),
    ]
    await app.newEvents()
    for (const [key, id] of [
      [keys.acme, labs],
      [keys.desk, acmes],
      [keys.desk, shops],
      [keys.desk, labs],
      [keys.acme, 'ak_00000000000000000000000000000000'],
      [keys.acme, 'nothing'],
      [keys.acme, keys.acme],
    ] as const) {
      assertRefused(await call(app, 'POST', `/api_keys/${id}/disable`, { key }), 'NOT_FOUND')
      assertRefused(await call(app, 'POST', `/api_keys/${id}/enable`, { key }), 'NOT_FOUND')
      assertRefused(await call(app, 'DELETE', `/api_keys/${id}`, { key }), 'NOT_FOUND')
    }
    await app.assertEvents()
  })

  test('the keys of a deleted child are not there either', async () => {
    const app = await start()
    const id = await idOf(app, keys.desk)
    await ok(app, 'DELETE', `/users/${ids.desk}`, {}, 204)
    assertRefused(await call(app, 'POST', `/api_keys/${id}/enable`), 'NOT_FOUND')
    assertRefused(await call(app, 'GET', '/users', { key: keys.desk }), 'APIKEY.INACTIVE')
  })

  test('an operator’s control token is no key of this vendor', async () => {
    const app = await start()
    const { body } = await operatorOf(app).get<{ data: Json[] }>('/keys?vendor=understudy')
    assertRefused(await call(app, 'DELETE', `/api_keys/${body.data[0].id}`), 'NOT_FOUND')
  })
})

describe('holders', () => {
  test('a key made for a person ends with that person’s offboarding, with an event on the wire, and comes back', async () => {
    const app = await start()
    const operator = operatorOf(app)
    const made = await operator.post<Json>(`/easypost/parents/${ids.acme}/keys`, {
      mode: 'production',
      user: ids.desk,
      holder: 'Jane@acme.example',
    })
    assert.equal(made.status, 201)
    const { key, apiKey } = made.body
    assert.deepEqual([key.owner, key.holder, key.active], [ids.desk, 'jane@acme.example', true])
    assert.ok(await works(app, apiKey))
    assert.equal((await ok(app, 'GET', '/api_keys')).children[0].keys.at(-1).key, apiKey)
    await app.assertEvents('api_key.created', 'api_keys.listed')

    await operator.post('/holders/jane@acme.example/offboard')
    assertRefused(await call(app, 'GET', '/users', { key: apiKey }), 'APIKEY.INACTIVE')
    assert.ok(await works(app, keys.desk))
    await app.assertEvents('api_key.disabled')
    assert.equal((await ok(app, 'POST', `/api_keys/${key.id}/enable`)).active, false)
    assertRefused(await call(app, 'GET', '/users', { key: apiKey }), 'APIKEY.INACTIVE')

    await operator.post('/holders/jane@acme.example/restore')
    assert.ok(await works(app, apiKey))
    await app.assertEvents('api_key.enabled')
  })

  test('what an operator does to a key is told on the wire too', async () => {
    const app = await start()
    const operator = operatorOf(app)
    const id = await idOf(app, keys.desk)
    await app.newEvents()
    await operator.post(`/keys/${id}/disable`)
    assertRefused(await call(app, 'GET', '/users', { key: keys.desk }), 'APIKEY.INACTIVE')
    await operator.post(`/keys/${id}/enable`)
    assert.ok(await works(app, keys.desk))
    await operator.delete(`/keys/${id}`)
    await app.assertEvents('api_key.disabled', 'api_key.enabled', 'api_key.deleted')
    const { events } = await ok(app, 'GET', '/events?page_size=3')
    assert.deepEqual(
      events.map((event: Json) => event.description),
      ['api_key.deleted', 'api_key.enabled', 'api_key.disabled'],
    )
  })

  test('a key is made for users of this parent alone', async () => {
    const app = await start()
    const operator = operatorOf(app)
    for (const user of [ids.lab, ids.globex, 'user_nobody']) {
      assert.equal((await operator.post(`/easypost/parents/${ids.acme}/keys`, { mode: 'test', user })).status, 404)
    }
    assert.equal((await operator.post('/easypost/parents/user_nobody/keys', { mode: 'test' })).status, 404)
    await app.assertEvents()
  })
})

test('a new child’s keys, all four combinations of scheme and mode, open its own record', async () => {
  const app = await start()
  const { api_keys } = await createChild(app, { name: 'Tenant' })
  for (const { key } of api_keys) {
    for (const authorization of [`Bearer ${key}`, `Basic ${Buffer.from(`${key}:`).toString('base64')}`]) {
      assert.equal((await call(app, 'GET', '/users', { key: null, headers: { authorization } })).body.name, 'Tenant')
    }
  }
})
