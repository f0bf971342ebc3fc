// AfterShip contract sections 1 and 2: what exists, the order of checks, the envelope, and how bodies are read.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  accounts,
  assertCreated,
  assertList,
  assertMembership,
  assertOk,
  assertRefused,
  BASE,
  type Call,
  call,
  idIn,
  invite,
  keys,
  M,
  memberOf,
  members,
  northwind,
  seedOf,
} from './aftership.support.ts'
import { openClient } from './socket.ts'
import { startApp } from './support.ts'

const MEMBER = { code: 'member', name: 'Member' }
const TOO_LARGE = Buffer.alloc(1024 * 1024 + 1, ' ')
const automatic = { ...northwind, invitations: 'automatic' }

describe('routes', () => {
  const unknown: Call[] = [
    { path: '/admin' },
    { path: '/admin/' },
    { path: BASE },
    { path: `${BASE}/` },
    { path: `${BASE}/webhooks` },
    { path: `${BASE}/membership` },
    { path: `${BASE}/Memberships` },
    { path: `${BASE}/roles/admin` },
    { path: '/admin/2023-10/memberships' },
    { path: '/admin/memberships' },
    { path: `${M}/mem_ben/role` },
    { path: `${M};x=1` },
    { path: `${M}//` },
    { path: `${M}/mem_ben//` },
    { method: 'PUT', path: M, body: {} },
    { method: 'PATCH', path: M, body: {} },
    { method: 'DELETE', path: M },
    { method: 'OPTIONS', path: M },
    { method: 'POST', path: `${M}/mem_ben`, body: {} },
    { method: 'PUT', path: `${M}/mem_ben`, body: {} },
    { method: 'POST', path: `${BASE}/roles`, body: { code: 'new', name: 'New' } },
    { method: 'DELETE', path: `${BASE}/roles` },
  ]
  test('nothing else exists: 404 with a key, 401 without one', async () => {
    const app = await startApp(seedOf(northwind))
    for (const request of unknown) {
      assertRefused(await call(app, request), 'notFound')
      assertRefused(await call(app, { ...request, key: null }), 'unauthorized')
    }
    await app.assertEvents()
  })

  test('HEAD is no route, and its answer has no body', async () => {
    const app = await startApp(seedOf(northwind))
    const reply = await app.request({ method: 'HEAD', url: M, headers: { 'as-api-key': keys.full } })
    assert.equal(reply.statusCode, 404)
    assert.equal(reply.body, '')
  })

  test('methods that this server has never heard of are 404 too', async () => {
    const app = await startApp(seedOf(northwind))
    const send = openClient(await app.app.listen())
    for (const method of ['PROPFIND', 'TRACE', 'SUBSCRIBE', 'COPY']) {
      const reply = await send({ method, path: M, headers: { 'as-api-key': keys.full } })
      assert.equal(reply.status, 404, method)
      assert.equal(JSON.parse(reply.text).meta.code, 404, method)
    }
  })

  test('so is QUERY, with a body or without', async () => {
    const app = await startApp(seedOf(northwind))
    const send = openClient(await app.app.listen())
    for (const body of [undefined, '{}']) {
      const headers = ['as-api-key', keys.full]
      const reply = await send({ method: 'QUERY', path: M, headers, ...(body === undefined ? {} : { body }) })
      assert.equal(reply.status, 404)
    }
  })

  test('one trailing slash is tolerated on every route', async () => {
    const app = await startApp(seedOf(automatic))
    assertList(await call(app, { path: `${M}/` }), Object.values(members))
    assertMembership(await call(app, { path: `${M}/mem_ben/` }), members.ben)
    assert.equal((await call(app, { path: `${BASE}/roles/` })).status, 200)
    assert.equal((await invite(app, accounts.liu.email, 'member', { path: `${M}/` })).status, 201)
    assert.equal((await call(app, { path: `${M}/?page=2` })).status, 200)
    const body = { role: { code: 'admin' } }
    assert.equal((await call(app, { method: 'PATCH', path: `${M}/mem_ben/`, body })).status, 200)
    assert.equal((await call(app, { method: 'DELETE', path: `${M}/mem_ben/` })).status, 200)
    await app.assertEvents('membership.created', 'membership.updated', 'membership.deleted')
  })

  test('an id may be any text: what is none of ours is 404', async () => {
    const app = await startApp(seedOf(northwind))
    const ids = ['mem_none', '%00', '%2F', '%F0%9F%98%80', "'%20or%201=1--", '%', '%zz', '%FF', '..%2froles']
    const send = openClient(await app.app.listen())
    for (const id of ids) {
      const reply = await send({ path: `${M}/${id}`, headers: { 'as-api-key': keys.full } })
      assert.equal(reply.status, 404, id)
      assert.equal(JSON.parse(reply.text).meta.type, 'NotFound', id)
    }
  })

  test('an id longer than any is 404 too, and 401 without a key', async () => {
    const app = await startApp(seedOf(northwind))
    const path = `${M}/${'x'.repeat(1100)}`
    assertRefused(await call(app, { path }), 'notFound')
    assertRefused(await call(app, { path, key: null }), 'unauthorized')
  })
})

test('the order of checks: of several failures the first of contract section 1 answers', async () => {
  const app = await startApp(seedOf({ ...northwind, rateLimit: { perSecond: 3 } }))
  const nowhere = `${BASE}/nowhere`
  const spend = () => call(app, {})

  assertRefused(await call(app, { method: 'POST', path: nowhere, key: null, body: TOO_LARGE }), 'tooLarge')
  assertRefused(await call(app, { method: 'POST', path: nowhere, key: null, body: '{' }), 'unauthorized')
  for (let used = 0; used < 3; used++) await spend()
  assertRefused(await call(app, { method: 'POST', path: nowhere, body: TOO_LARGE }), 'tooLarge')
  assertRefused(await call(app, { method: 'POST', path: nowhere, key: 'unknown key' }), 'unauthorized')
  assertRefused(await call(app, { method: 'POST', path: nowhere, key: keys.none, body: '{' }), 'rateLimited')
  app.clock.advance(1000)
  assertRefused(await call(app, { method: 'POST', path: nowhere, key: keys.none, body: '{' }), 'notFound')
  assertRefused(await call(app, { method: 'POST', key: keys.none, body: '{' }), 'forbidden')
  app.clock.advance(1000)
  assertRefused(await call(app, { method: 'POST', body: '{' }), 'malformed')
  const path = `${M}/mem_none`
  assertRefused(await call(app, { method: 'PATCH', path, body: {} }), 'invalid', 'role.code is required')
  assertRefused(await call(app, { method: 'PATCH', path, body: { role: { code: 'none' } } }), 'notFound')
  await app.assertEvents()
})

describe('envelope', () => {
  test('a fault of ours is 500 and tells nothing of it; the log does', async () => {
    const app = await startApp(seedOf(northwind))
    await app.app.context.db.schema.dropTable('aftership_membership_blocks').execute()
    const reply = await call(app, {})
    assertRefused(reply, 'internal')
    const logged = app.log.find(line => line.level === 'error')
    assert.equal(logged?.reqId, reply.headers['as-trace-id'])
    assert.match(JSON.stringify(logged), /aftership_membership_blocks/)
  })

  test('what clients send along is ignored', async () => {
    const app = await startApp(seedOf(automatic))
    const headers = {
      'aftership-client': 'tracking-sdk-nodejs/17.0.0',
      'aftership-agent': 'nodejs-sdk-8.1.0',
      'request-id': '5f1cbf1e-6d9b-4b5a-9a3e-3f6a8c1d2e4b',
      'user-agent': 'somebody/1.0',
      accept: 'text/html',
      'as-store': 'anything',
    }
    const path = `${M}?expand=all&sort=-id&fields=`
    assertList(await call(app, { path, headers }), Object.values(members))
    const body = {
      id: 'mem_mine',
      organization: { id: 'org_southwind' },
      account: { email: accounts.liu.email, name: 'Liu', organization: 1 },
      role: { code: 'member', name: 'Chief', permissions: ['all'] },
      status: 'active',
      __proto__: null,
    }
    const created = await call(app, { method: 'POST', path, headers, body })
    assertCreated(created, memberOf(idIn(created), accounts.liu, MEMBER))
    assert.match(idIn(created), /^[0-9a-f]{32}$/)
    const change = { role: { code: 'admin', name: 'Chief' }, account: { email: accounts.mia.email }, id: 'other' }
    const changed = await call(app, { method: 'PATCH', path: `${M}/mem_ben?x=1`, headers, body: change })
    assertMembership(changed, { ...members.ben, role: { code: 'admin', name: 'Admin' } })
    await app.assertEvents('membership.created', 'membership.updated')
  })
})

describe('bodies', () => {
  test('a zero-length body is no body, even under content-type application/json', async () => {
    const app = await startApp(seedOf(northwind))
    const headers = { 'content-type': 'application/json' }
    assertList(await call(app, { headers }), Object.values(members))
    assertMembership(await call(app, { path: `${M}/mem_ben`, headers }), members.ben)
    assert.equal((await call(app, { path: `${BASE}/roles`, headers })).status, 200)
    assertOk(await call(app, { method: 'DELETE', path: `${M}/mem_ben`, headers }), {})
    assertRefused(await call(app, { method: 'POST', headers }), 'malformed')
    assertRefused(await call(app, { method: 'POST', headers, body: '' }), 'malformed')
    assertRefused(await call(app, { method: 'PATCH', path: `${M}/mem_rosa`, headers }), 'malformed')
    await app.assertEvents('membership.deleted')
  })

  test('the same over a socket: content-length 0, and a chunked body without a chunk', async () => {
    const app = await startApp(seedOf(northwind))
    const send = openClient(await app.app.listen())
    for (const headers of [
      ['as-api-key', keys.full, 'content-type', 'application/json', 'content-length', '0'],
      ['as-api-key', keys.full, 'content-type', 'application/json', 'transfer-encoding', 'chunked'],
    ]) {
      assert.equal((await send({ path: M, headers })).status, 200)
      assert.equal((await send({ method: 'POST', path: M, headers })).status, 400)
      assert.equal((await send({ method: 'DELETE', path: `${M}/mem_none`, headers })).status, 404)
    }
    await app.assertEvents()
  })

  test('bodies of GET and DELETE are never parsed', async () => {
    const app = await startApp(seedOf(northwind))
    const headers = { 'content-type': 'application/json' }
    for (const body of ['{', '[]', '\u0000', Buffer.from([0xff, 0xfe])]) {
      assertList(await call(app, { headers, body }), Object.values(members))
      assertRefused(await call(app, { method: 'DELETE', path: `${M}/mem_none`, headers, body }), 'notFound')
    }
    assertOk(await call(app, { method: 'DELETE', path: `${M}/mem_ben`, headers, body: '{' }), {})
    await app.assertEvents('membership.deleted')
  })

  const types = [
    undefined,
    'application/json',
    'application/json; charset=iso-8859-1',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'garbage',
    '',
    ';;;',
  ]
  test('POST and PATCH bodies are JSON whatever the content type says', async () => {
    const app = await startApp(seedOf(automatic))
    for (const type of types) {
      const headers = type === undefined ? {} : { 'content-type': type }
      const body = JSON.stringify({ account: { email: accounts.liu.email }, role: { code: 'member' } })
      const created = await call(app, { method: 'POST', headers, body })
      assert.equal(created.status, 201, String(type))
      const path = `${M}/${idIn(created)}`
      const changed = await call(app, { method: 'PATCH', path, headers, body: '{"role":{"code":"admin"}}' })
      assert.equal(changed.status, 200, String(type))
      assertRefused(await call(app, { method: 'POST', headers, body: 'account=x&role=y' }), 'malformed')
      assertOk(await call(app, { method: 'DELETE', path, headers, body }), {})
      await app.assertEvents('membership.created', 'membership.updated', 'membership.deleted')
    }
  })

  test('what is no UTF-8 JSON is 400', async () => {
    const app = await startApp(seedOf(northwind))
    const latin1 = Buffer.from('{"account":{"email":"é@x.example"},"role":{"code":"member"}}', 'latin1')
    const utf16 = Buffer.from('{}', 'utf16le')
    const bodies = [
      '',
      ' ',
      '{',
      'null,',
      "{'role':{}}",
      '{"a":1}{"a":1}',
      'undefined',
      'NaN',
      '['.repeat(500_000),
      latin1,
      utf16,
    ]
    for (const body of bodies) {
      assertRefused(await call(app, { method: 'POST', body }), 'malformed')
      assertRefused(await call(app, { method: 'PATCH', path: `${M}/mem_ben`, body }), 'malformed')
    }
    await app.assertEvents()
  })

  test('white space and the order of members do not matter', async () => {
    const app = await startApp(seedOf(automatic))
    const body = `\r\n\t {"role" : {"code":"member"},\n"account":{"email":"${accounts.liu.email}"}} \n`
    assert.equal((await call(app, { method: 'POST', body })).status, 201)
  })

  test('1 MiB is read, one byte more is 413, whatever the method', async () => {
    const app = await startApp(seedOf(automatic))
    const body = { account: { email: accounts.liu.email }, role: { code: 'member' } }
    const exact = JSON.stringify(body).padEnd(1024 * 1024)
    assert.equal((await call(app, { method: 'POST', body: exact })).status, 201)
    await app.assertEvents('membership.created')
    for (const method of ['GET', 'POST', 'PATCH', 'DELETE', 'PUT', 'OPTIONS'] as const) {
      for (const path of [M, `${M}/mem_ben`, `${BASE}/nowhere`]) {
        assertRefused(await call(app, { method, path, body: TOO_LARGE }), 'tooLarge')
      }
    }
    await app.assertEvents()
  })
})

describe('fields', () => {
  const both = ['account.email is required', 'role.code is required']
  const role = { code: 'member' }
  const account = { email: accounts.liu.email }
  const cases: [string, unknown, string[]][] = [
    ['null', null, both],
    ['an array', [], both],
    ['a text', 'x', both],
    ['a number', 5, both],
    ['true', true, both],
    ['an empty object', {}, both],
    ['no account', { role }, ['account.email is required']],
    ['no role', { account }, ['role.code is required']],
    ['an empty account', { account: {}, role }, ['account.email is required']],
    ['an empty role', { account, role: {} }, ['role.code is required']],
    ['a null account', { account: null, role }, ['account.email is required']],
    ['an account that is a text', { account: 'x@y.example', role }, ['account.email is required']],
    ['an account that is an array', { account: [], role }, ['account.email is required']],
    ['a role that is a text', { account, role: 'member' }, ['role.code is required']],
    ['a role that is null', { account, role: null }, ['role.code is required']],
    ['an empty email', { account: { email: '' }, role }, ['account.email is invalid']],
    ['a blank email', { account: { email: '  ' }, role }, ['account.email is invalid']],
    ['an email that is null', { account: { email: null }, role }, ['account.email is invalid']],
    ['an email that is a number', { account: { email: 5 }, role }, ['account.email is invalid']],
    ['an email that is a list', { account: { email: [accounts.liu.email] }, role }, ['account.email is invalid']],
    ['no @', { account: { email: 'liu.northwind.example' }, role }, ['account.email is invalid']],
    ['nothing before the @', { account: { email: '@northwind.example' }, role }, ['account.email is invalid']],
    ['nothing after the @', { account: { email: 'liu@' }, role }, ['account.email is invalid']],
    ['two @', { account: { email: 'liu@north@wind.example' }, role }, ['account.email is invalid']],
    ['a blank inside', { account: { email: 'liu @northwind.example' }, role }, ['account.email is invalid']],
    ['a line break inside', { account: { email: 'liu@north\nwind.example' }, role }, ['account.email is invalid']],
    [
      'an endless email',
      { account: { email: `${'x'.repeat(100_000)}@y.example` }, role },
      ['account.email is invalid'],
    ],
    ['an empty id', { account: { id: '' }, role }, ['account.id is invalid']],
    ['an id that is a number', { account: { id: 7 }, role }, ['account.id is invalid']],
    ['an id that is null', { account: { id: null }, role }, ['account.id is invalid']],
    [
      'a good id beside a bad email',
      { account: { id: accounts.liu.id, email: 'x' }, role },
      ['account.email is invalid'],
    ],
    ['a good email beside a bad id', { account: { ...account, id: '' }, role }, ['account.id is invalid']],
    ['a code that is empty', { account, role: { code: '' } }, ['role.code is invalid']],
    ['a code that is a number', { account, role: { code: 1 } }, ['role.code is invalid']],
    ['a code that is null', { account, role: { code: null } }, ['role.code is invalid']],
    [
      'everything wrong at once',
      { account: { email: 5, id: 5 }, role: { code: 5 } },
      ['account.email is invalid', 'account.id is invalid', 'role.code is invalid'],
    ],
  ]
  test('POST', async t => {
    const app = await startApp(seedOf(northwind))
    for (const [name, body, errors] of cases) {
      await t.test(name, async () => {
        assertRefused(await call(app, { method: 'POST', body: JSON.stringify(body) }), 'invalid', ...errors)
        await app.assertEvents()
      })
    }
    assert.deepEqual(await app.mailsTo(accounts.liu.email), [])
  })

  test('PATCH: role.code is required and a non-empty text', async () => {
    const app = await startApp(seedOf(northwind))
    const patch = (body: unknown) => call(app, { method: 'PATCH', path: `${M}/mem_ben`, body: JSON.stringify(body) })
    for (const body of [{}, { role: null }, { role: 'admin' }, { role: [] }, { role: {} }, { code: 'admin' }]) {
      assertRefused(await patch(body), 'invalid', 'role.code is required')
    }
    for (const code of ['', null, 5, ['admin'], {}]) {
      assertRefused(await patch({ role: { code } }), 'invalid', 'role.code is invalid')
    }
    await app.assertEvents()
  })

  test('PATCH: JSON that is no object lacks role.code, and nothing else', async () => {
    const app = await startApp(seedOf(northwind))
    for (const body of ['null', '[]', '"admin"', '5', 'false']) {
      assertRefused(
        await call(app, { method: 'PATCH', path: `${M}/mem_ben`, body }),
        'invalid',
        'role.code is required',
      )
    }
    await app.assertEvents()
  })
})
