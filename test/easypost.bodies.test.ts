// EasyPost contract section 5: how bodies come, and every way of sending nothing.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertRefused, type Call, call, deskRecord, ids, keys, ok, SEED } from './easypost.support.ts'
import { startApp } from './support.ts'

const start = () => startApp(SEED)
const JSON_TYPE = { 'content-type': 'application/json' }
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const desk = `/users/${ids.desk}`

describe('nothing', () => {
  const nothings: [string, Call][] = [
    ['no body', {}],
    ['no body, labelled JSON', { headers: JSON_TYPE }],
    ['an empty body, labelled JSON', { body: '', headers: JSON_TYPE }],
    ['an empty body, labelled form', { body: '', headers: FORM }],
    ['blanks', { body: ' \r\n', headers: JSON_TYPE }],
    ['{}', { body: '{}' }],
    ['{} labelled form', { body: '{}', headers: FORM }],
    ['null', { body: 'null', headers: JSON_TYPE }],
    ['[]', { body: '[]', headers: JSON_TYPE }],
    ['[] with blanks, without a type', { body: ' [ ] ' }],
    ['an empty wrapper', { body: '{"user":{}}' }],
    ['a wrapper of null', { body: '{"user":null}' }],
    ['a wrapper of []', { body: '{"user":[]}' }],
    ['an empty wrapper in a form', { body: 'user=', headers: FORM }],
  ]
  test('it never fails by itself', async t => {
    const app = await start()
    for (const [what, options] of nothings) {
      await t.test(what, async () => {
        assert.deepEqual(await ok(app, 'PUT', desk, options), deskRecord)
        assert.deepEqual(await ok(app, 'PATCH', desk, options), deskRecord)
        assertRefused(await call(app, 'POST', '/users', options), 'PARAMETER.REQUIRED', ['user', 'cannot be blank'])
        await app.assertEvents()
      })
    }
  })

  test('a POST that needs no body takes all of these', async () => {
    const app = await start()
    const tree = await ok(app, 'GET', '/api_keys')
    const { id } = tree.children[0].keys[0]
    for (const [, options] of nothings) await ok(app, 'POST', `/api_keys/${id}/disable`, options)
    await app.assertEvents('api_keys.listed', 'api_key.disabled')
  })
})

describe('something', () => {
  const named: [string, Call][] = [
    ['wrapped JSON', { body: { user: { name: 'New' } } }],
    ['bare JSON', { body: { name: 'New' } }],
    ['a wrapper beside bare fields: it wins', { body: { name: 'Old', user: { name: 'New' } } }],
    ['JSON without a type', { body: '{"name":"New"}' }],
    ['JSON labelled form', { body: '{"name":"New"}', headers: FORM }],
    ['JSON labelled as something else', { body: ' {"name":"New"}', headers: { 'content-type': 'text/plain' } }],
    ['JSON with a byte order mark', { body: '\uFEFF{"name":"New"}', headers: JSON_TYPE }],
    ['JSON with a type that cannot be read', { body: '{"name":"New"}', headers: { 'content-type': ';;;' } }],
    ['a wrapped form', { body: 'user%5Bname%5D=New', headers: FORM }],
    ['a wrapped form with bare brackets', { body: 'user[name]=New&user[unknown][]=1', headers: FORM }],
    [
      'a bare form',
      { body: 'name=New', headers: { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' } },
    ],
    ['a form in capitals', { body: 'name=New', headers: { 'content-type': 'Application/X-WWW-Form-Urlencoded' } }],
  ]
  test('JSON and forms are read, however they are labelled and wrapped', async t => {
    const app = await start()
    for (const [what, options] of named) {
      await t.test(what, async () => {
        assert.equal((await ok(app, 'PUT', desk, options)).name, 'New')
        await app.assertEvents('user.updated')
        await ok(app, 'PUT', desk, { body: { name: 'Returns desk' } })
        await app.assertEvents('user.updated')
      })
    }
  })

  test('scalars of any type are taken for one another', async () => {
    const app = await start()
    const changed = await ok(app, 'PATCH', desk, {
      body: { user: { name: 12, phone_number: true, recharge_amount: 5.5, recharge_threshold: '0' } },
    })
    const { name, phone_number, recharge_amount, recharge_threshold } = changed
    assert.deepEqual([name, phone_number, recharge_amount, recharge_threshold], ['12', 'true', '5.50', '0.00'])
    const form = await ok(app, 'PATCH', desk, {
      body: 'user[name]=A+%26+B%C3%A9&user[recharge_amount]=',
      headers: FORM,
    })
    assert.deepEqual([form.name, form.recharge_amount], ['A & Bé', null])
  })

  test('names that are special to the language are fields like any other', async () => {
    const app = await start()
    const bodies: Call[] = [
      { body: '{"__proto__":{"name":"Bad"},"constructor":{"name":"Bad"}}' },
      { body: '{"user":{"__proto__":{"name":"Bad"}}}' },
      { body: '__proto__[name]=Bad&user[__proto__][name]=Bad', headers: FORM },
      { body: 'constructor[prototype][name]=Bad&user[constructor]=x', headers: FORM },
    ]
    for (const options of bodies) assert.deepEqual(await ok(app, 'PUT', desk, options), deskRecord)
    await app.assertEvents()
  })

  test('text that no store keeps is refused; half a character is made whole', async () => {
    const app = await start()
    const nul = await call(app, 'PUT', desk, { body: '{"name":"a\\u0000b"}' })
    assertRefused(nul, 'PARAMETER.INVALID_TYPE', ['name', 'must be a string'])
    assert.equal((await ok(app, 'PUT', desk, { body: '{"name":"a\\ud800b"}' })).name, 'a\uFFFDb')
    assert.equal((await ok(app, 'GET', desk)).name, 'a\uFFFDb')
  })

  test('a name of 255 characters, whatever they take, fits', async () => {
    const app = await start()
    const name = '𝒳'.repeat(255)
    assert.equal((await ok(app, 'PUT', desk, { body: { name } })).name, name)
  })
})

describe('unreadable', () => {
  const broken: [string, Call][] = [
    ['half an object', { body: '{"user":', headers: JSON_TYPE }],
    ['a list with something in it', { body: '[1]', headers: JSON_TYPE }],
    ['a text', { body: '"name"', headers: JSON_TYPE }],
    ['a number', { body: '5', headers: JSON_TYPE }],
    ['a boolean', { body: 'true', headers: JSON_TYPE }],
    ['two objects', { body: '{}{}', headers: JSON_TYPE }],
    ['a form without a type', { body: 'name=New' }],
    ['a form labelled JSON', { body: 'name=New', headers: JSON_TYPE }],
    ['a multipart form', { body: '--x\r\n', headers: { 'content-type': 'multipart/form-data; boundary=x' } }],
    ['no UTF-8', { body: Buffer.from([0x7b, 0xc3, 0x28, 0x7d]), headers: JSON_TYPE }],
    ['UTF-16', { body: Buffer.from('{}', 'utf16le'), headers: JSON_TYPE }],
    ['more than 1 MiB', { body: `{"name":"${'x'.repeat(1024 * 1024)}"}`, headers: JSON_TYPE }],
    ['a form whose names contradict each other', { body: 'user=1&user[name]=2', headers: FORM }],
    ['a form with too many fields', { body: 'a=1&'.repeat(1001), headers: FORM }],
    ['a form that nests too deep', { body: `a${'[a]'.repeat(9)}=1`, headers: FORM }],
  ]
  test('400, and nothing changes', async t => {
    const app = await start()
    for (const [what, options] of broken) {
      await t.test(what, async () => {
        assertRefused(await call(app, 'PUT', desk, options), 'BAD_REQUEST')
        assertRefused(await call(app, 'POST', '/users', options), 'BAD_REQUEST')
        await app.assertEvents()
      })
    }
  })

  test('credentials, route and mode come before the body; the body before the id', async () => {
    const app = await start()
    const options = { body: '{', headers: JSON_TYPE }
    assertRefused(await call(app, 'POST', '/users', { ...options, key: null }), 'UNAUTHORIZED')
    assertRefused(await call(app, 'POST', '/users', { ...options, key: 'nobody' }), 'APIKEY.INACTIVE')
    assertRefused(await call(app, 'POST', '/nowhere', options), 'NOT_FOUND')
    assertRefused(await call(app, 'PUT', '/users/children', options), 'METHOD_NOT_ALLOWED')
    assertRefused(await call(app, 'POST', '/users', { ...options, key: keys.acmeTest }), 'MODE.UNAUTHORIZED')
    assertRefused(await call(app, 'PUT', `/users/${ids.lab}`, options), 'BAD_REQUEST')
    assertRefused(await call(app, 'POST', '/users', { ...options, key: keys.desk }), 'BAD_REQUEST')
  })

  test('bodies and types of GET and DELETE are ignored', async () => {
    const app = await start()
    for (const [, options] of broken) assert.deepEqual(await ok(app, 'GET', desk, options), deskRecord)
    const shop = await call(app, 'DELETE', `/users/${ids.shop}`, { body: '{', headers: JSON_TYPE })
    assert.equal(shop.status, 204)
    const own = await call(app, 'DELETE', desk, {
      body: 'x'.repeat(1024 * 1024 + 1),
      headers: { 'content-type': 'a/b' },
    })
    assert.equal(own.status, 204)
  })
})
