// Memberstack contract sections 1, 2, 11 and 13 as the client API keeps them: public keys, bodies, paths, the limit.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  ACME,
  callRoute,
  codeRoutes,
  crowd,
  from,
  memberRoutes,
  openRoutes,
  signUp,
  tokenFor,
  tryLogin,
} from './memberstack.client.support.ts'
import {
  ada,
  assertRefused,
  call,
  callClient,
  control,
  ids,
  type Json,
  keys,
  okClient,
  PASSWORD,
  type Reply,
  SEED,
} from './memberstack.support.ts'
import { SECOND, startApp, type TestApp } from './support.ts'

const everyRoute = [...openRoutes, ...memberRoutes, ...codeRoutes]

describe('the public key', () => {
  test('is asked for on every route: missing or malformed, unknown', async () => {
    const app = crowd(await startApp(ACME))
    const token = await tokenFor(app, 'nina@acme.example')
    await app.newEvents()
    const malformed = [
      null,
      '',
      'pk_',
      'PK_sb_acme',
      'acme',
      'pk_sb_a b',
      'pk_sb_ä',
      `pk_${'x'.repeat(201)}`,
      keys.acme,
    ]
    for (const route of everyRoute) {
      for (const key of route.path === '/app' ? malformed : [null, keys.acme]) {
        assertRefused(await callRoute(app, route, { key, token }), 'publicKeyMissing')
      }
      for (const key of ['pk_sb_nobody', `pk_${'x'.repeat(200)}`, 'pk_sb_acme2']) {
        assertRefused(await callRoute(app, route, { key, token }), 'publicKeyUnknown')
      }
    }
    await app.assertEvents()
  })

  test('is read from its header in any case, and from no other place', async () => {
    const app = await startApp(ACME)
    for (const name of ['X-API-KEY', 'x-api-key', 'X-Api-Key']) {
      assert.equal((await call(app, 'GET', '/app', { key: null, headers: { [name]: keys.acmePublic } })).status, 200)
    }
    const bearer = { authorization: `Bearer ${keys.acmePublic}` }
    assertRefused(await call(app, 'GET', '/app', { key: null, headers: bearer }), 'publicKeyMissing')
    assertRefused(await call(app, 'GET', `/app?x-api-key=${keys.acmePublic}`, { key: null }), 'publicKeyMissing')
  })

  test('that an operator disables is refused like one that never was, and enabled again it works', async () => {
    const app = await startApp(ACME)
    const { data } = await control<{ data: Json[] }>(app, 'GET', '/keys?limit=200')
    const statuses = []
    for (const { id } of data.filter(({ vendor }) => vendor === 'memberstack')) {
      await control(app, 'POST', `/keys/${id}/disable`)
      const reply = await callClient(app, 'GET', '/app')
      if (reply.status !== 200) assertRefused(reply, 'publicKeyUnknown')
      statuses.push(reply.status)
      await control(app, 'POST', `/keys/${id}/enable`)
      assert.equal((await callClient(app, 'GET', '/app')).status, 200)
    }
    assert.deepEqual(statuses.filter(status => status !== 200).length, 1, 'one of the keys is this one')
  })

  test('does not open the Admin API, nor a secret one the client API; a page that sends one is reported', async () => {
    const app = await startApp(ACME)
    const origin = 'https://www.acme.example'
    assertRefused(await callClient(app, 'GET', '/members'), 'secretKeyMissing')
    const traps = () => app.log.filter(({ trap }) => trap === 'secret-key-in-browser').length
    assertRefused(await call(app, 'GET', '/app'), 'publicKeyMissing')
    assert.equal(traps(), 0, 'a server of its own may be wrong about the key')
    assertRefused(await call(app, 'GET', '/app', { origin }), 'publicKeyMissing')
    assert.equal(traps(), 1)
    await call(app, 'GET', '/app', { origin })
    assert.equal(traps(), 1, 'once a minute')
    app.clock.advance(60 * SECOND)
    await call(app, 'GET', '/app', { origin })
    assert.equal(traps(), 2)
    assert.ok(!JSON.stringify(app.log).includes(keys.acme))
  })
})

test('headers that the packages add change nothing', async () => {
  const app = await startApp(ACME)
  const headers = {
    'x-app-id': 'app_someone_else',
    'x-user-agent': 'Memberstack-DOM/2.0.14',
    'x-api-version': '2021-01-01',
    'referring-path': '/somewhere',
    'x-unknown': 'x',
  }
  const auth = await signUp(app, { email: 'nina@acme.example', unknown: { a: 1 } }, { headers })
  assert.equal((await okClient(app, 'GET', '/app?unknown=1', { headers })).id, ids.acme)
  assert.equal((await okClient(app, 'GET', '/member', { headers, token: auth.tokens.accessToken })).id, auth.member.id)
})

describe('a body', () => {
  const form = 'application/x-www-form-urlencoded'

  test('is JSON under its type or under none; empty it is no fields, under any type', async () => {
    const app = await startApp(ACME)
    const login = JSON.stringify({ email: ada.email, password: PASSWORD })
    for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON', undefined]) {
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
      assert.equal((await callClient(app, 'POST', '/auth/login', { body: login, headers })).status, 200)
    }
    for (const type of ['application/json', form, 'text/plain', 'image/png', 'nonsense', undefined]) {
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
      const reply = await callClient(app, 'POST', '/auth/login', { body: '', headers })
      assertRefused(reply, 'requiredFieldMissing', 'email')
    }
  })

  test('of another kind, or JSON that is none, is refused', async () => {
    const app = await startApp(ACME)
    const login = JSON.stringify({ email: ada.email, password: PASSWORD })
    for (const [body, type] of [
      [login, form],
      [login, 'text/plain'],
      ['email=ada%40acme.example', form],
      ['{', 'application/json'],
      ["{'email':'ada'}", 'application/json'],
      [login + login, 'application/json'],
      [Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), 'application/json'],
    ] as const) {
      const reply = await callClient(app, 'POST', '/auth/login', { body, headers: { 'content-type': type } })
      assertRefused(reply, 'invalidJson')
    }
    await app.assertEvents()
  })

  test('over 1 MiB is too large, and up to it is not', async () => {
    const app = await startApp(ACME)
    const around = JSON.stringify({ data: '' }).length
    const sized = (bytes: number) => callClient(app, 'POST', '/event', { body: { data: 'x'.repeat(bytes - around) } })
    assert.equal((await sized(1024 * 1024)).status, 200)
    assertRefused(await sized(1024 * 1024 + 1), 'tooLarge')
  })

  test('on a GET is ignored, whatever it is', async () => {
    const app = await startApp(ACME)
    for (const body of [{ data: {} }, '{broken']) {
      const headers = { 'content-type': 'application/json' }
      assert.equal((await callClient(app, 'GET', '/app', { body, headers })).status, 200)
    }
  })
})

test('repeated slashes are one; a path or method that nobody serves is 404 and is named', async () => {
  const app = await startApp(ACME)
  assert.equal((await okClient(app, 'GET', '//app')).id, ids.acme)
  assert.equal(
    (await callClient(app, 'POST', '///auth//login', { body: { email: ada.email, password: PASSWORD } })).status,
    200,
  )
  for (const [method, path] of [
    ['GET', '/auth/login'],
    ['GET', '/auth/nothing'],
    ['PUT', '/member'],
    ['DELETE', '/app'],
    ['POST', '/app/plans'],
    ['GET', '/member/nothing/here'],
  ] as const) {
    for (const key of [keys.acmePublic, null]) {
      assertRefused(await callClient(app, method, path, { key }), 'notFound', `Cannot ${method} ${path}`)
    }
  }
})

test('what is checked first is said first: path, key, limit, body, fields, existence, rules', async () => {
  const app = await startApp(ACME)
  const broken = { body: '{broken' }
  assertRefused(await callClient(app, 'POST', '/auth/nothing', { ...broken, key: null }), 'notFound')
  assertRefused(await callClient(app, 'POST', '/auth/login', { ...broken, key: null }), 'publicKeyMissing')
  assertRefused(await callClient(app, 'POST', '/auth/login', { ...broken, key: 'pk_sb_nobody' }), 'publicKeyUnknown')
  assertRefused(await callClient(app, 'POST', '/auth/login', broken), 'invalidJson')
  const wrongType = { email: ada.email, password: 5, plans: [{ planId: 'pln_none' }] }
  assertRefused(await callClient(app, 'POST', '/auth/signup', { body: wrongType }), 'badField', 'password')
  const token = await tokenFor(app, 'nina@acme.example')
  const bad = { planId: 7 }
  assertRefused(await callClient(app, 'POST', '/member/plans/add', { token, body: bad }), 'badField', 'planId')
  await exhaust(from(app, '10.0.0.1'))
  assertRefused(await callClient(from(app, '10.0.0.1'), 'POST', '/auth/login', broken), 'rateLimited')
})

/** Sends requests until there are none left. */
async function exhaust(app: TestApp, key: string = keys.acmePublic): Promise<void> {
  for (let sent = 0; sent < 100; sent++) assert.notEqual((await callClient(app, 'GET', '/app', { key })).status, 429)
}

describe('the limit', () => {
  const limits = ({ headers }: Reply) =>
    ['limit', 'remaining', 'reset'].map(name => Number(headers[`ratelimit-${name}`]))

  test('is 100 requests a second, told on every answer; what is over it is not done', async () => {
    const app = await startApp(ACME)
    for (let left = 99; left >= 0; left--) {
      const reply = left % 2 ? await callClient(app, 'GET', '/app') : await callClient(app, 'GET', '/member/json')
      assert.deepEqual(limits(reply), [100, left, 1])
    }
    await app.newEvents()
    const refused = await tryLogin(app, ada.email, PASSWORD)
    assertRefused(refused, 'rateLimited')
    assert.deepEqual(limits(refused), [100, 0, 1])
    const made = await callClient(app, 'POST', '/auth/signup', {
      body: { email: 'n@acme.example', password: PASSWORD },
    })
    assertRefused(made, 'rateLimited')
    await app.assertEvents()

    app.clock.advance(SECOND - 1)
    assertRefused(await callClient(app, 'GET', '/app'), 'rateLimited')
    app.clock.advance(1)
    assert.deepEqual(limits(await callClient(app, 'GET', '/app')), [100, 99, 1])
  })

  test('counts each address and each key for itself, and not with the Admin API', async () => {
    const app = await startApp(SEED)
    await exhaust(from(app, '10.0.0.1'))
    assertRefused(await callClient(from(app, '10.0.0.1'), 'GET', '/app'), 'rateLimited')
    await exhaust(from(app, '10.0.0.2'))
    for (const key of [keys.acmeLivePublic, keys.globexPublic]) {
      assert.deepEqual(limits(await callClient(from(app, '10.0.0.1'), 'GET', '/app', { key })), [100, 99, 1])
    }
    assert.equal((await call(from(app, '10.0.0.1'), 'GET', '/members')).status, 200)
  })
})
