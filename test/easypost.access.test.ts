// EasyPost contract sections 2 and 3: credentials, modes, who sees what; and that no parent ever sees another's.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  acme,
  acmeRecord,
  assertRefused,
  basic,
  call,
  deskRecord,
  globex,
  ids,
  type Json,
  keys,
  ok,
  SEED,
  seedOf,
} from './easypost.support.ts'
import { OPERATOR_TOKEN, operatorOf } from './operator.ts'
import { startApp } from './support.ts'

const start = () => startApp(SEED)
const base64 = (text: string) => Buffer.from(text).toString('base64')

describe('credentials', () => {
  const accepted: [string, string][] = [
    ['Basic, the key as user name', basic(keys.acme)],
    ['Basic with a password, which is ignored', `Basic ${base64(`${keys.acme}:secret:more`)}`],
    ['Basic without a colon', `Basic ${base64(keys.acme)}`],
    ['Basic without padding', `Basic ${base64(`${keys.acme}:`).replaceAll('=', '')}`],
    ['Bearer', `Bearer ${keys.acme}`],
    ['Bearer in small letters', `bearer ${keys.acme}`],
    ['Basic in capitals', `BASIC ${base64(`${keys.acme}:`)}`],
    ['many blanks', `  Bearer   ${keys.acme}  `],
    ['a tab', `Bearer\t${keys.acme}`],
    ['blanks around Basic', `Basic   ${base64(`${keys.acme}:`)} `],
  ]
  test('Basic and Bearer, in any spelling, are equal', async () => {
    const app = await start()
    for (const [what, authorization] of accepted) {
      const reply = await call(app, 'GET', '/users', { key: null, headers: { authorization } })
      assert.deepEqual(reply.body, acmeRecord(), what)
    }
    assert.equal(app.samples.easypost?.productionKey, keys.acme)
    assert.equal(app.samples.easypost?.testKey, keys.acmeTest)
  })

  const missing: [string, string | undefined][] = [
    ['no header', undefined],
    ['an empty header', ''],
    ['the key alone', keys.acme],
    ['another scheme', `Token ${keys.acme}`],
    ['Digest', `Digest username="${keys.acme}"`],
    ['Basic alone', 'Basic'],
    ['Basic with nothing', 'Basic  '],
    ['Basic with no user name', `Basic ${base64(':password')}`],
    ['Basic with a blank user name', `Basic ${base64('  :')}`],
    ['Basic that is not base64', 'Basic ***'],
    ['Basic of a length that base64 does not have', 'Basic abcde'],
    ['Basic that is no UTF-8', `Basic ${Buffer.from([0xff, 0xfe, 0x3a]).toString('base64')}`],
    ['Basic with the key in clear', `Basic ${keys.acme}:`],
    ['Bearer alone', 'Bearer'],
    ['Bearer with blanks', 'Bearer   '],
  ]
  test('without a key that can be read: 401', async () => {
    const app = await start()
    for (const [what, authorization] of missing) {
      for (const [method, path] of [
        ['GET', '/users'],
        ['POST', '/users'],
        ['GET', '/nowhere'],
        ['OPTIONS', '/users'],
      ] as const) {
        const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
        const reply = await call(app, method, path, { key: null, headers })
        assert.equal(reply.status, 401, what)
        assertRefused(reply, 'UNAUTHORIZED')
      }
    }
    await app.assertEvents()
  })

  test('a key that nobody has, in any way: 403', async () => {
    const app = await start()
    const wrong = ['nobody', keys.acme.toLowerCase(), keys.acme.slice(0, -1), `${keys.acme}x`, OPERATOR_TOKEN, 'ключ']
    for (const key of wrong) {
      for (const authorization of [basic(key), ...(key === 'ключ' ? [] : [`Bearer ${key}`])]) {
        const reply = await call(app, 'GET', '/users', { key: null, headers: { authorization } })
        assertRefused(reply, 'APIKEY.INACTIVE')
      }
    }
  })

  test('the last use of a key is written down', async () => {
    const app = await start()
    await ok(app, 'GET', '/users', { key: keys.deskTest })
    await app.app.runJobs()
    const { body } = await operatorOf(app).get<{ data: Json[] }>(`/keys?vendor=easypost&tenant=${ids.acme}`)
    const used = body.data.filter(key => key.lastUsedAt !== null)
    assert.deepEqual(
      used.map(({ owner, mode }) => ({ owner, mode })),
      [{ owner: ids.desk, mode: 'test' }],
    )
  })
})

describe('modes', () => {
  test('a test key reads its own record and nothing else of the users', async () => {
    const app = await start()
    for (const [method, path] of [
      ['GET', `/users/${ids.desk}`],
      ['GET', `/users/${ids.lab}`],
      ['GET', '/users/nobody'],
      ['PUT', '/users'],
      ['PATCH', '/users'],
      ['PUT', `/users/${ids.acme}`],
      ['PATCH', '/users/nobody'],
      ['DELETE', '/users/nobody'],
      ['DELETE', `/users/${ids.acme}`],
      ['GET', '/users/children'],
      ['GET', `/users/${ids.acme}/children`],
      ['PUT', `/users/${ids.acme}/brand`],
      ['GET', '/api_keys'],
      ['POST', '/api_keys'],
      ['POST', '/api_keys/ak_x/enable'],
      ['POST', '/api_keys/ak_x/disable'],
      ['DELETE', '/api_keys/ak_x'],
    ] as const) {
      assertRefused(await call(app, method, path, { key: keys.acmeTest }), 'MODE.UNAUTHORIZED')
    }
    await app.assertEvents()
    assert.deepEqual(await ok(app, 'GET', '/webhooks', { key: keys.acmeTest }), { webhooks: [] })
    assert.deepEqual(await ok(app, 'GET', '/events', { key: keys.acmeTest }), { events: [], has_more: false })
    assert.deepEqual(await ok(app, 'GET', `/users/${ids.desk}`, { key: keys.deskTest }), deskRecord)
  })
})

test('no parent sees or changes what is another’s, on any route, whatever is asked', async () => {
  const app = await start()
  const mine = Object.values(keys).slice(0, 6)
  const hook = await ok(app, 'POST', '/webhooks', { key: keys.globex, body: { url: 'https://hooks.example/in' } }, 201)
  await ok(app, 'POST', '/users', { key: keys.globex, body: { name: 'Secret project' } }, 201)
  const tree = await ok(app, 'GET', '/api_keys', { key: keys.globex })
  const feed = await ok(app, 'GET', '/events', { key: keys.globex })
  const before = JSON.stringify(await everythingOf(keys.globex))
  const theirIds: string[] = [
    tree.id,
    hook.id,
    ...tree.keys.map((key: Json) => key.id),
    ...tree.children.flatMap((child: Json) => [child.id, ...child.keys.map((key: Json) => key.id)]),
    ...feed.events.map((event: Json) => event.id),
  ]
  const theirSecrets = ['Globex', 'globex', 'Secret project', 'hooks.example', keys.lab, ...theirIds]

  async function everythingOf(key: string) {
    const paths = ['/users', '/users/children', '/webhooks', '/events']
    return Promise.all(paths.map(path => ok(app, 'GET', path, { key })))
  }

  const paths = [
    (id: string) => `/users/${id}`,
    (id: string) => `/users/${id}/children`,
    (id: string) => `/users/${id}/brand`,
    (id: string) => `/users/children?after_id=${id}`,
    (id: string) => `/users/${ids.acme}/children?before_id=${id}`,
    (id: string) => `/api_keys/${id}`,
    (id: string) => `/api_keys/${id}/enable`,
    (id: string) => `/api_keys/${id}/disable`,
    (id: string) => `/webhooks/${id}`,
    (id: string) => `/events/${id}`,
    (id: string) => `/events/${id}/payloads`,
    (id: string) => `/events/${id}/payloads/${id}`,
    (id: string) => `/events?before_id=${id}`,
    (id: string) => `/events?after_id=${id}`,
    () => '/users',
    () => '/users/children',
    () => '/api_keys',
    () => '/webhooks',
    () => '/events',
  ]
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
      fc.constantFrom(...paths),
      fc.constantFrom(...theirIds),
      fc.constantFrom(...mine),
      fc.constantFrom(
        {},
        { user: { name: 'Mine now', parent_id: ids.acme } },
        { url: 'https://evil.example' },
        { mode: 'test' },
      ),
      async (method, pathOf, id, key, body) => {
        const path = pathOf(id)
        const reply = await call(app, method, path, { key, ...(method === 'GET' ? {} : { body }) })
        assert.ok(reply.status < 500)
        const answer = JSON.stringify(reply.body ?? {})
        for (const secret of theirSecrets) assert.ok(!answer.includes(secret), `${method} ${path} told ${secret}`)
      },
    ),
    { numRuns: 1500 },
  )
  assert.equal(JSON.stringify(await everythingOf(keys.globex)), before)
  const changed = (await app.newEvents()).filter(event => event.tenant === ids.globex).map(event => event.type)
  assert.deepEqual(changed, [
    'webhook.created',
    'user.created',
    'credential.created',
    'credential.created',
    'api_keys.listed',
  ])
})

test('a parent sees its children; children neither their parent nor each other', async () => {
  const app = await startApp(seedOf(acme, globex))
  for (const [key, visible] of [
    [keys.acme, [ids.acme, ids.desk, ids.shop]],
    [keys.desk, [ids.desk]],
    [keys.globex, [ids.globex, ids.lab]],
  ] as const) {
    for (const id of Object.values(ids)) {
      const { status } = await call(app, 'GET', `/users/${id}`, { key })
      assert.equal(status, visible.some(own => own === id) ? 200 : 404, `${key} ${id}`)
    }
  }
})
