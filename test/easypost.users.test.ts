// EasyPost contract sections 3, 4, 5 and 8: users read, made, changed and deleted.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  acme,
  acmeRecord,
  assertRefused,
  type Call,
  call,
  childRecord,
  createChild,
  deskRecord,
  globex,
  ids,
  keys,
  ok,
  SEED,
  seedOf,
  shopRecord,
} from './easypost.support.ts'
import { SECOND, startApp } from './support.ts'

const start = () => startApp(SEED)

describe('reading', () => {
  test('a parent reads itself with all its children, with and without its id', async () => {
    const app = await start()
    for (const path of ['/users', '/users/', `/users/${ids.acme}`, `/users/${ids.acme}/`]) {
      assert.deepEqual(await ok(app, 'GET', path), acmeRecord())
    }
    await app.assertEvents()
  })

  test('a parent without children has an empty list of them', async () => {
    const app = await startApp(seedOf({ ...acme, children: [] }))
    assert.deepEqual((await ok(app, 'GET', '/users')).children, [])
  })

  test('with a test key a parent sees itself without children', async () => {
    const app = await start()
    for (const path of ['/users', `/users/${ids.acme}`]) {
      assert.deepEqual(await ok(app, 'GET', path, { key: keys.acmeTest }), acmeRecord({ children: [] }))
    }
  })

  test('a child has the child shape wherever it appears', async () => {
    const app = await start()
    assert.deepEqual(await ok(app, 'GET', `/users/${ids.desk}`), deskRecord)
    for (const key of [keys.desk, keys.deskTest]) {
      assert.deepEqual(await ok(app, 'GET', '/users', { key }), deskRecord)
      assert.deepEqual(await ok(app, 'GET', `/users/${ids.desk}`, { key }), deskRecord)
    }
    assert.deepEqual((await ok(app, 'GET', '/users/children')).children, [deskRecord, shopRecord])
  })

  test('200 and more children come in the one answer, oldest first', async () => {
    const many = Array.from({ length: 250 }, (_, n) => ({ id: `user_${n}`, name: `Child ${n}` }))
    const app = await startApp(seedOf({ ...acme, children: many }))
    const { children } = await ok(app, 'GET', '/users')
    assert.deepEqual(
      children.map((child: { id: string }) => child.id),
      many.map(({ id }) => id),
    )
  })

  const others = [
    ["another parent's child", keys.acme, ids.lab],
    ['another parent', keys.acme, ids.globex],
    ['the parent, seen from a child', keys.desk, ids.acme],
    ['a sibling', keys.desk, ids.shop],
    ['an id that is none', keys.acme, 'nobody'],
    ['an unknown id', keys.acme, 'user_00000000000000000000000000000000'],
  ] as const
  test('others are not there, on any route', async t => {
    const app = await start()
    for (const [who, key, id] of others) {
      await t.test(who, async () => {
        for (const [method, path] of [
          ['GET', `/users/${id}`],
          ['PUT', `/users/${id}`],
          ['PATCH', `/users/${id}`],
          ['DELETE', `/users/${id}`],
          ['GET', `/users/${id}/children`],
          ['PATCH', `/users/${id}/brand`],
          ['PUT', `/users/${id}/brand`],
        ] as const) {
          const body = method === 'PUT' || method === 'PATCH' ? { body: { user: { name: '' } } } : {}
          assertRefused(await call(app, method, path, { key, ...body }), 'NOT_FOUND')
        }
        await app.assertEvents()
      })
    }
  })
})

describe('creating a child', () => {
  test('answers with the whole record and two keys that work', async () => {
    const app = await start()
    app.clock.advance(SECOND)
    const { api_keys, id, ...rest } = await createChild(app, { name: ' Tenant One ', email: 'ops@tenant-one.example' })
    const created_at = '2026-03-04T09:30:01Z'
    assert.match(id, /^user_[0-9a-f]{32}$/)
    const record = childRecord({
      name: 'Tenant One',
      email: 'ops@tenant-one.example',
      created_at,
      updated_at: created_at,
    })
    assert.deepEqual(rest, record)
    assert.deepEqual(
      api_keys.map((key: object) => ({ ...key, id: '', key: '' })),
      ['test', 'production'].map(mode => ({ object: 'ApiKey', active: true, key: '', mode, created_at, id: '' })),
    )
    const [testKey, productionKey] = api_keys
    assert.match(testKey.key, /^EZTK[A-Za-z0-9]{54}$/)
    assert.match(productionKey.key, /^EZAK[A-Za-z0-9]{54}$/)
    assert.match(testKey.id, /^ak_[0-9a-f]{32}$/)
    for (const { key } of api_keys) assert.deepEqual(await ok(app, 'GET', '/users', { key }), { id, ...rest })
    await app.assertEvents('user.created', 'credential.created', 'credential.created')
  })

  test('all that may be set is set; the rest is ignored', async () => {
    const app = await start()
    const made = await createChild(app, {
      name: 'Full',
      email: 'full@acme.example',
      phone: '+1 555 1234',
      recharge_amount: 50,
      secondary_recharge_amount: '7.5',
      recharge_threshold: '0010',
      balance: '1000000.00',
      id: 'user_mine',
      object: 'Parent',
      parent_id: ids.globex,
      verified: false,
      children: [],
      created_at: '1999-01-01T00:00:00Z',
      price_per_shipment: '1',
      unknown: { deep: [1] },
    })
    const { id, api_keys: _keys, ...rest } = made
    assert.notEqual(id, 'user_mine')
    const expected = childRecord({
      name: 'Full',
      email: 'full@acme.example',
      phone_number: '+1 555 1234',
      recharge_amount: '50.00',
      secondary_recharge_amount: '7.50',
      recharge_threshold: '10.00',
    })
    assert.deepEqual(rest, expected)
    assert.equal('balance' in made, false)
  })

  const refused: [string, object, string, ...[string, string][]][] = [
    ['nothing', {}, 'PARAMETER.REQUIRED', ['user', 'cannot be blank']],
    ['an empty wrapper', { user: {} }, 'PARAMETER.REQUIRED', ['user', 'cannot be blank']],
    ['a wrapper of null', { user: null }, 'PARAMETER.REQUIRED', ['user', 'cannot be blank']],
    ['a wrapper that is an empty list', { user: [] }, 'PARAMETER.REQUIRED', ['user', 'cannot be blank']],
    ['a wrapper that is a list', { user: [{ name: 'A' }] }, 'PARAMETER.INVALID_TYPE', ['user', 'must be an object']],
    ['a wrapper that is a text', { user: 'A' }, 'PARAMETER.INVALID_TYPE', ['user', 'must be an object']],
    ['no name', { user: { email: 'a@b.example' } }, 'PARAMETER.REQUIRED', ['name', 'cannot be blank']],
    ['a name of null', { user: { name: null } }, 'PARAMETER.REQUIRED', ['name', 'cannot be blank']],
    ['a blank name', { user: { name: '  ' } }, 'PARAMETER.REQUIRED', ['name', 'cannot be blank']],
    ['a list as name', { user: { name: ['A'] } }, 'PARAMETER.INVALID_TYPE', ['name', 'must be a string']],
    ['an object as name', { user: { name: { a: 1 } } }, 'PARAMETER.INVALID_TYPE', ['name', 'must be a string']],
    [
      'a name that is too long',
      { user: { name: 'x'.repeat(256) } },
      'UNPROCESSABLE_ENTITY',
      ['name', 'is too long (maximum is 255 characters)'],
    ],
    ['an email without @', { user: { name: 'A', email: 'nobody' } }, 'USER.INVALID', ['email', 'is invalid']],
    ['a number as email', { user: { name: 'A', email: 5 } }, 'USER.INVALID', ['email', 'is invalid']],
    [
      'an email of 255 characters',
      { user: { name: 'A', email: `${'x'.repeat(245)}@b.example` } },
      'USER.INVALID',
      ['email', 'is invalid'],
    ],
    [
      "a sibling's email, in another case",
      { user: { name: 'A', email: 'DESK@acme.example' } },
      'USER.INVALID',
      ['email', 'has already been taken'],
    ],
    [
      "the parent's email",
      { user: { name: 'A', email: 'admin@acme.example' } },
      'USER.INVALID',
      ['email', 'has already been taken'],
    ],
    [
      "another parent's email",
      { user: { name: 'A', email: 'admin@globex.example' } },
      'USER.INVALID',
      ['email', 'has already been taken'],
    ],
    ['an email of a list', { user: { name: 'A', email: [] } }, 'PARAMETER.INVALID_TYPE', ['email', 'must be a string']],
    ...['-1', '1.234', 'abc', '1e5', 'Infinity', '1,5'].map((amount): (typeof refused)[number] => [
      `an amount of ${amount}`,
      { user: { name: 'A', recharge_amount: amount } },
      'PARAMETER.INVALID_TYPE',
      ['recharge_amount', 'must be a decimal with at most 2 decimals'],
    ]),
    [
      'an amount that is a list',
      { user: { name: 'A', recharge_threshold: [5] } },
      'PARAMETER.INVALID_TYPE',
      ['recharge_threshold', 'must be a string'],
    ],
  ]
  test('what breaks a rule is refused, and nothing is made', async t => {
    const app = await start()
    for (const [what, body, code, ...fields] of refused) {
      await t.test(`${what}: ${code}`, async () => {
        assertRefused(await call(app, 'POST', '/users', { body }), code, ...fields)
        await app.assertEvents()
        assert.deepEqual(await ok(app, 'GET', '/users'), acmeRecord())
      })
    }
  })

  test('a password is refused with a text of its own', async () => {
    const app = await start()
    for (const field of ['password', 'password_confirmation']) {
      const reply = await call(app, 'POST', '/users', { body: { user: { name: 'A', [field]: 'secret' } } })
      assert.equal(reply.status, 422)
      assert.deepEqual(reply.body.error, {
        code: 'USER.INVALID',
        message: 'Child users must be created via the API and must not contain an email or password.',
        errors: [],
      })
    }
    await app.assertEvents()
  })

  test('only a parent makes children, only in production', async () => {
    const app = await start()
    const body = { user: { password: 'looked at last' } }
    assertRefused(await call(app, 'POST', '/users', { key: keys.desk, body }), 'USER.PARENT.INVALID')
    assertRefused(await call(app, 'POST', '/users', { key: keys.acmeTest, body }), 'MODE.UNAUTHORIZED')
    assertRefused(await call(app, 'POST', '/users', { key: keys.deskTest, body }), 'MODE.UNAUTHORIZED')
    await app.assertEvents()
  })

  test('the same again is a second child, unless its email is taken', async () => {
    const app = await start()
    const one = await createChild(app, { name: 'Twin' })
    const two = await createChild(app, { name: 'Twin' })
    assert.notEqual(one.id, two.id)
    const body = { user: { name: 'Tenant One', email: 'ops@tenant-one.example' } }
    await ok(app, 'POST', '/users', { body }, 201)
    assertRefused(await call(app, 'POST', '/users', { body }), 'USER.INVALID', ['email', 'has already been taken'])
  })

  test('of many at once with one email exactly one is made', async () => {
    const app = await start()
    const body = { user: { name: 'Racer', email: 'race@acme.example' } }
    const replies = await Promise.all(Array.from({ length: 20 }, () => call(app, 'POST', '/users', { body })))
    assert.deepEqual(replies.map(({ status }) => status).toSorted(), [201, ...Array.from({ length: 19 }, () => 422)])
  })
})

describe('updating', () => {
  for (const method of ['PUT', 'PATCH'] as const) {
    test(`${method} changes what is sent and nothing else`, async () => {
      const app = await start()
      app.clock.advance(5 * SECOND)
      const updated_at = '2026-03-04T09:30:05Z'
      const body = { user: { recharge_amount: '50.00', recharge_threshold: '10.00' } }
      const changed = { ...shopRecord, recharge_amount: '50.00', recharge_threshold: '10.00', updated_at }
      assert.deepEqual(await ok(app, method, `/users/${ids.shop}`, { body }), changed)
      assert.deepEqual(await ok(app, 'GET', `/users/${ids.shop}`), changed)
      const [event] = await app.newEvents()
      assert.deepEqual(
        [event?.type, event?.subject, event?.tenant, event?.data],
        [
          'user.updated',
          ids.shop,
          ids.acme,
          { user: changed, previous: { recharge_amount: null, recharge_threshold: null } },
        ],
      )
    })

    test(`${method} without an id changes the caller itself`, async () => {
      const app = await start()
      app.clock.advance(SECOND)
      const updated_at = '2026-03-04T09:30:01Z'
      const body = { user: { name: 'Acme Corp Updated', phone_number: '555-1234' } }
      const changed = acmeRecord({ name: 'Acme Corp Updated', phone_number: '555-1234', updated_at })
      assert.deepEqual(await ok(app, method, '/users', { body }), changed)
      assert.deepEqual(await ok(app, method, '/users', { key: keys.desk, body: { name: 'Desk' } }), {
        ...deskRecord,
        name: 'Desk',
        updated_at,
      })
      await app.assertEvents('user.updated', 'user.updated')
    })
  }

  test('an update that changes nothing leaves updated_at and writes no event', async () => {
    const app = await start()
    app.clock.advance(SECOND)
    const same = { name: ' Returns desk ', email: 'desk@acme.example', recharge_amount: 50, phone_number: '8005550100' }
    for (const body of [{}, { user: {} }, { user: same }, same, { user: { unknown: 1, balance: '5' } }]) {
      assert.deepEqual(await ok(app, 'PUT', `/users/${ids.desk}`, { body }), deskRecord)
    }
    await app.assertEvents()
  })

  test('null and blank clear what may be cleared', async () => {
    const app = await start()
    const update = (user: object) => ok(app, 'PATCH', `/users/${ids.desk}`, { body: { user } })
    assert.equal((await update({ email: null })).email, null)
    assert.equal((await update({ email: 'desk@acme.example' })).email, 'desk@acme.example')
    assert.equal((await update({ email: '' })).email, null)
    assert.equal((await update({ phone_number: null })).phone_number, null)
    assert.equal((await update({ phone: '1' })).phone_number, '1')
    assert.equal((await update({ recharge_amount: '' })).recharge_amount, null)
    assert.equal((await update({ recharge_amount: '1' })).recharge_amount, '1.00')
    assert.equal((await update({ recharge_amount: null })).recharge_amount, null)
  })

  test('a parent keeps an email, and its own recharge fields may be cleared', async () => {
    const app = await start()
    for (const email of [null, '', '  ']) {
      const reply = await call(app, 'PUT', '/users', { body: { user: { email, name: 'Not taken' } } })
      assertRefused(reply, 'USER.INVALID', ['email', 'cannot be blank'])
    }
    await app.assertEvents()
    const body = { user: { recharge_amount: null, email: 'NEW@acme.example', current_password: 'x', password: 'y' } }
    const changed = await ok(app, 'PUT', '/users', { body })
    assert.deepEqual([changed.recharge_amount, changed.email, changed.name], [null, 'NEW@acme.example', 'Acme Corp'])
  })

  test('a refused update changes nothing', async () => {
    const app = await start()
    const path = `/users/${ids.desk}`
    const refused: [object, string, [string, string]][] = [
      [{ name: '' }, 'PARAMETER.REQUIRED', ['name', 'cannot be blank']],
      [{ name: null }, 'PARAMETER.REQUIRED', ['name', 'cannot be blank']],
      [{ name: 'New', email: 'Admin@Globex.example' }, 'USER.INVALID', ['email', 'has already been taken']],
      [
        { name: 'New', recharge_amount: '1.005' },
        'PARAMETER.INVALID_TYPE',
        ['recharge_amount', 'must be a decimal with at most 2 decimals'],
      ],
      [{ name: 'New', phone_number: {} }, 'PARAMETER.INVALID_TYPE', ['phone_number', 'must be a string']],
    ]
    for (const [user, code, field] of refused) {
      assertRefused(await call(app, 'PATCH', path, { body: { user } }), code, field)
    }
    assert.deepEqual(await ok(app, 'GET', path), deskRecord)
    await app.assertEvents()
  })

  test('the parent pays: a child cannot set its own recharge fields', async () => {
    const app = await start()
    for (const field of ['recharge_amount', 'secondary_recharge_amount', 'recharge_threshold']) {
      for (const value of ['5.00', null, 'nonsense']) {
        const options = { key: keys.desk, body: { user: { name: 'New', [field]: value } } }
        assertRefused(await call(app, 'PUT', '/users', options), 'FORBIDDEN')
        assertRefused(await call(app, 'PATCH', `/users/${ids.desk}`, options), 'FORBIDDEN')
      }
    }
    assert.deepEqual(await ok(app, 'GET', `/users/${ids.desk}`), deskRecord)
    await app.assertEvents()
  })

  test('an email in another case is its own', async () => {
    const app = await start()
    const changed = await ok(app, 'PUT', `/users/${ids.desk}`, { body: { user: { email: 'DESK@acme.example' } } })
    assert.equal(changed.email, 'DESK@acme.example')
  })
})

describe('deleting a child', () => {
  test('204 once; then it is nowhere on the wire, its keys are dead, its email free', async () => {
    const app = await start()
    const options: Call = { headers: { 'content-type': 'application/json' } }
    assert.equal((await call(app, 'DELETE', `/users/${ids.desk}`, options)).status, 204)
    await app.assertEvents('user.deleted', 'credential.disabled', 'credential.disabled')
    assertRefused(await call(app, 'GET', `/users/${ids.desk}`), 'NOT_FOUND')
    assertRefused(await call(app, 'DELETE', `/users/${ids.desk}`), 'NOT_FOUND')
    for (const key of [keys.desk, keys.deskTest]) {
      assertRefused(await call(app, 'GET', '/users', { key }), 'APIKEY.INACTIVE')
    }
    assert.deepEqual((await ok(app, 'GET', '/users')).children, [shopRecord])
    assert.deepEqual((await ok(app, 'GET', '/users/children')).children, [shopRecord])
    assert.deepEqual((await ok(app, 'GET', `/users/${ids.acme}/children`)).children, [shopRecord])
    const tree = await ok(app, 'GET', '/api_keys')
    assert.deepEqual(
      tree.children.map((node: { id: string }) => node.id),
      [ids.shop],
    )
    await createChild(app, { name: 'Desk again', email: 'desk@acme.example' })
  })

  test('nobody deletes itself, and a child deletes nobody', async () => {
    const app = await start()
    assertRefused(await call(app, 'DELETE', `/users/${ids.acme}`), 'FORBIDDEN')
    assertRefused(await call(app, 'DELETE', `/users/${ids.desk}`, { key: keys.desk }), 'FORBIDDEN')
    assertRefused(await call(app, 'DELETE', `/users/${ids.shop}`, { key: keys.desk }), 'NOT_FOUND')
    assertRefused(await call(app, 'DELETE', `/users/${ids.lab}`), 'NOT_FOUND')
    assertRefused(await call(app, 'DELETE', `/users/${ids.desk}`, { key: keys.acmeTest }), 'MODE.UNAUTHORIZED')
    await app.assertEvents()
  })
})

describe('brands', () => {
  const empty = {
    object: 'Brand',
    user_id: ids.desk,
    name: 'Returns desk',
    color: null,
    background_color: null,
    logo: null,
    logo_href: null,
    ad: null,
    ad_href: null,
    theme: 'theme1',
  }

  test('all members, always; kept from one update to the next', async () => {
    const app = await start()
    const path = `/users/${ids.desk}/brand`
    const first = await ok(app, 'PATCH', path, { body: { brand: { color: '#123456', ad: 'null', theme: 'theme2' } } })
    assert.match(first.id, /^brd_[0-9a-f]{32}$/)
    const { id } = first
    assert.deepEqual(first, { ...empty, id, color: '#123456', ad: 'null', theme: 'theme2' })
    const second = await ok(app, 'PUT', path, {
      body: { background_color: 5, color: null, theme: null },
      key: keys.desk,
    })
    assert.deepEqual(second, { ...empty, id, ad: 'null', background_color: '5' })
    await app.assertEvents('brand.updated', 'brand.updated')
    assert.deepEqual(await ok(app, 'PATCH', path), second)
    await app.assertEvents()
  })

  test('a theme that there is not, or a value that is no text, is refused', async () => {
    const app = await start()
    const path = `/users/${ids.acme}/brand`
    for (const theme of ['theme3', '', 'THEME1']) {
      const reply = await call(app, 'PATCH', path, { body: { brand: { theme } } })
      assertRefused(reply, 'PARAMETER.INVALID_TYPE', ['theme', 'must be one of theme1, theme2'])
    }
    const reply = await call(app, 'PATCH', path, { body: { brand: { logo: [] } } })
    assertRefused(reply, 'PARAMETER.INVALID_TYPE', ['logo', 'must be a string'])
    await app.assertEvents()
  })

  test('it has no read route, and takes a production key', async () => {
    const app = await start()
    const read = await call(app, 'GET', `/users/${ids.acme}/brand`)
    assertRefused(read, 'METHOD_NOT_ALLOWED')
    assert.equal(read.headers.allow, 'PATCH, PUT')
    assertRefused(await call(app, 'PATCH', `/users/${ids.acme}/brand`, { key: keys.acmeTest }), 'MODE.UNAUTHORIZED')
  })
})

test('two parents with the same data see their own', async () => {
  const app = await startApp(
    seedOf(acme, {
      ...globex,
      children: acme.children.map(({ keys: _, ...child }) => ({ ...child, email: undefined })),
    }),
  )
  await ok(app, 'PUT', `/users/${ids.desk}`, { key: keys.globex, body: { name: 'Theirs' } })
  assert.deepEqual(await ok(app, 'GET', `/users/${ids.desk}`), deskRecord)
  await ok(app, 'DELETE', `/users/${ids.desk}`, { key: keys.globex }, 204)
  assert.deepEqual(await ok(app, 'GET', '/users', { key: keys.desk }), deskRecord)
})
