// Memberstack contract section 6: what an update merges, replaces, removes and leaves; custom field lists.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  acmeWith,
  assertAda,
  assertRefused,
  call,
  createMember,
  getMember,
  globex,
  ids,
  login,
  ok,
  PASSWORD,
  plans,
  SEED,
  seedOf,
} from './memberstack.support.ts'
import { startApp } from './support.ts'

const start = () => startApp(SEED)
const path = `/members/${ids.ben}`

describe('merge', () => {
  type Object = Record<string, unknown>
  const before = { keep: 1, gone: 2, text: 'x', nested: { a: 1, b: 2 } }
  const cases: { what: string; patch: Object; customFields?: Object; metaData?: Object; both?: Object }[] = [
    { what: 'a new key', patch: { more: 'm' }, both: { ...before, more: 'm' } },
    { what: 'a changed key', patch: { text: 'y' }, both: { ...before, text: 'y' } },
    { what: 'one level only', patch: { nested: { c: 3 } }, both: { ...before, nested: { c: 3 } } },
    { what: 'null removes', patch: { gone: null, never: null }, both: { keep: 1, text: 'x', nested: before.nested } },
    {
      what: 'empty text removes from metaData, and stays in customFields',
      patch: { gone: '' },
      customFields: { ...before, gone: '' },
      metaData: { keep: 1, text: 'x', nested: before.nested },
    },
    { what: '0 and false stay', patch: { gone: 0, text: false }, both: { ...before, gone: 0, text: false } },
    {
      what: 'null inside a value stays',
      patch: { nested: { a: null, b: '' }, list: [null] },
      both: { ...before, nested: { a: null, b: '' }, list: [null] },
    },
  ]
  for (const { what, patch, both, customFields = both, metaData = both } of cases) {
    test(what, async () => {
      const app = await start()
      await ok(app, 'PATCH', path, { body: { customFields: before, metaData: before } })
      const first = await ok(app, 'PATCH', path, { body: { customFields: patch } })
      assert.deepEqual([first.customFields, first.metaData], [customFields, before])
      const second = await ok(app, 'POST', path, { body: { metaData: patch } })
      assert.deepEqual([second.customFields, second.metaData], [customFields, metaData])
      assert.deepEqual(await getMember(app, ids.ben), second)
      await app.assertEvents('member.updated', 'member.updated', 'member.updated')
    })
  }

  test('a key called __proto__ merges like any other', async () => {
    const app = await start()
    for (const body of ['{"metaData":{"a":1,"__proto__":{"b":2}}}', '{"metaData":{"c":3}}']) {
      assert.equal((await call(app, 'PATCH', path, { body })).status, 200)
    }
    const { metaData } = await getMember(app, ids.ben)
    assert.deepEqual(Object.entries(metaData).toSorted(), [
      ['__proto__', { b: 2 }],
      ['a', 1],
      ['c', 3],
    ])
  })
})

test('json is replaced whole; null empties it', async () => {
  const app = await start()
  const values: [unknown, unknown][] = [
    [
      { a: { b: 1 }, c: 2 },
      { a: { b: 1 }, c: 2 },
    ],
    [{ a: { d: 1 } }, { a: { d: 1 } }],
    [
      [1, 'two', null],
      [1, 'two', null],
    ],
    [[], []],
    [
      { x: null, y: '' },
      { x: null, y: '' },
    ],
    [null, {}],
  ]
  for (const [json, shown] of values) {
    const member = await ok(app, 'PATCH', path, { body: { json } })
    assert.deepEqual(member.json, shown)
    assert.deepEqual((await getMember(app, ids.ben)).json, shown)
  }
  await app.assertEvents(...values.map(() => 'member.updated'))
})

test('the fields that are replaced, and null where it clears', async () => {
  const app = await start()
  const set = { verified: true, loginRedirect: '/x', profileImage: 'https://acme.example/ben.png' }
  const cleared = { verified: false, loginRedirect: null, profileImage: null }
  const fresh = await getMember(app, ids.ben)
  assert.deepEqual(await ok(app, 'PATCH', path, { body: set }), { ...fresh, ...set })
  assert.deepEqual(await ok(app, 'POST', path, { body: cleared }), fresh)
  await app.assertEvents('member.updated', 'member.updated')
})

test('what an update does not take is ignored: password, plans, permissions, ids', async () => {
  const app = await start()
  const body = {
    password: 'another password',
    plans: [{ planId: plans.plus.id }],
    permissions: ['all'],
    id: ids.ben,
    stripeCustomerId: 'cus_other',
    lastLogin: '2020-01-01T00:00:00.000Z',
    createdAt: '2020-01-01T00:00:00.000Z',
    planConnections: [],
  }
  for (const method of ['PATCH', 'POST'] as const) assertAda(await ok(app, method, `/members/${ids.ada}`, { body }))
  await app.assertEvents()
  await login(app, 'ada@acme.example', PASSWORD)
})

test('an update that changes nothing answers the member, and tells nobody', async () => {
  const app = await start()
  const { customFields, metaData, json, loginRedirect, email } = {
    email: 'Ada@acme.example',
    customFields: { country: 'Sweden', never: null },
    metaData: { source: 'import', never: '' },
    json: { score: 3 },
    loginRedirect: '/ada-welcome',
  }
  const bodies = [{}, { email }, { customFields }, { metaData }, { json }, { loginRedirect, verified: false }]
  for (const body of [...bodies, { unknown: 1 }, { customFields: {}, metaData: {} }]) {
    assertAda(await ok(app, 'PATCH', `/members/${ids.ada}`, { body }))
  }
  assertAda(await ok(app, 'PATCH', `/members/${ids.ada}`))
  assertAda(await ok(app, 'POST', `/members/${ids.ada}`))
  await app.assertEvents()
})

test('what is stored in another form is compared as stored: -0 is 0', async () => {
  const app = await start()
  const before = await ok(app, 'PATCH', path, {
    body: { customFields: { a: 0 }, metaData: { a: 0 }, json: [0, { a: 0 }] },
  })
  await app.assertEvents('member.updated')
  for (const body of [
    '{"customFields":{"a":-0}}',
    '{"metaData":{"a":-0.0}}',
    '{"json":[-0,{"a":-0e5}]}',
    '{"json":[1e-400,{"a":-1e-400}]}',
  ]) {
    assert.deepEqual(await ok(app, 'PATCH', path, { body }), before)
  }
  await app.assertEvents()
})

test('a number that no double holds is refused: it would be stored as null, or take its key away', async () => {
  const app = await start()
  const before = await ok(app, 'PATCH', path, { body: { customFields: { a: 1 }, metaData: { a: 1 } } })
  await app.assertEvents('member.updated')
  for (const number of ['1e400', '-1e400', '[{"b":1e309}]']) {
    for (const field of ['customFields', 'metaData', 'json']) {
      const body = `{"${field}":{"a":${number}}}`
      assertRefused(await call(app, 'PATCH', path, { body }), 'badField', field)
      const created = body.replace('{', `{"email":"cy@acme.example","password":"${PASSWORD}",`)
      assertRefused(await call(app, 'POST', '/members', { body: created }), 'badField', field)
    }
  }
  assert.deepEqual(await getMember(app, ids.ben), before)
  await app.assertEvents()
})

test('the event holds the member as it is after the change', async () => {
  const app = await start()
  const member = await ok(app, 'PATCH', path, { body: { email: 'new@acme.example', json: { a: 1 } } })
  const [updated, ...more] = await app.newEvents()
  assert.deepEqual([updated?.type, updated?.subject, more], ['member.updated', ids.ben, []])
  assert.deepEqual(updated?.data, { environment: 'sandbox', member })
})

describe('with a list of custom fields', () => {
  const customFields = [
    { key: 'country', label: 'Country' },
    { key: 'vip', label: 'VIP', restrictToAdmin: true },
  ]
  const listed = () => startApp(seedOf(acmeWith({ customFields }), globex))
  const fields = { country: 'Norway', vip: true, unknown: 1 }

  test('unknown keys are dropped, and restricted ones are Admin’s to write', async () => {
    const app = await listed()
    const made = await createMember(app, { customFields: fields, metaData: { unknown: 1 } })
    assert.deepEqual(made.customFields, { country: 'Norway', vip: true })
    assert.deepEqual(made.metaData, { unknown: 1 })
    await app.assertEvents('member.created')

    const updated = await ok(app, 'PATCH', path, { body: { customFields: { ...fields, vip: 'yes' } } })
    assert.deepEqual(updated.customFields, { country: 'Norway', vip: 'yes' })
    const removed = await ok(app, 'PATCH', path, { body: { customFields: { vip: null } } })
    assert.deepEqual(removed.customFields, { country: 'Norway' })
    await app.assertEvents('member.updated', 'member.updated')
    await ok(app, 'PATCH', path, { body: { customFields: { unknown: 2 } } })
    await app.assertEvents()
  })

  test('other apps take any key', async () => {
    const app = await listed()
    const made = await createMember(app, { customFields: fields }, { key: globex.keys.sandboxSecret })
    assert.deepEqual(made.customFields, fields)
  })
})
