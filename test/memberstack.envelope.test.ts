// Memberstack contract sections 1, 2, 3 and 11 on Admin routes: keys, the order of checks, bodies, paths.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as credentials from '../src/platform/credentials/credentials.ts'
import { crowd } from './memberstack.client.support.ts'
import {
  assertAda,
  assertNoCors,
  assertRefused,
  type Call,
  call,
  control,
  getMember,
  ids,
  keys,
  type Method,
  memberRecord,
  ok,
  PASSWORD,
  type Refusal,
  SEED,
} from './memberstack.support.ts'
import { openClient } from './socket.ts'
import { startApp } from './support.ts'

const start = () => startApp(SEED)
const NOBODY = 'mem_sb_cnobody000000000000000000'

/** Every Admin route, with a body that it takes. */
const routes: { method: Method; path: string; body?: object }[] = [
  { method: 'GET', path: '/members' },
  { method: 'GET', path: `/members/${ids.ada}` },
  { method: 'POST', path: '/members', body: { email: 'cy@acme.example', password: PASSWORD } },
  { method: 'PATCH', path: `/members/${ids.ada}`, body: { verified: true } },
  { method: 'POST', path: `/members/${ids.ada}`, body: { verified: true } },
  { method: 'DELETE', path: `/members/${ids.ada}` },
  { method: 'POST', path: `/members/${ids.ada}/add-plan`, body: { planId: 'pln_plus' } },
  { method: 'POST', path: `/members/${ids.ada}/remove-plan`, body: { planId: 'pln_free' } },
  { method: 'POST', path: '/members/verify-token', body: { token: 'x' } },
]

const options = (body?: object, more: Call = {}): Call => ({ ...(body === undefined ? {} : { body }), ...more })

describe('keys', () => {
  const malformed: [string, Call][] = [
    ['none', { key: null }],
    ['an empty one', { key: '' }],
    ['one without a prefix', { key: 'acme' }],
    ['a prefix alone', { key: 'sk_' }],
    ['a prefix in capitals', { key: 'SK_SB_ACME' }],
    ['a blank in it', { key: 'sk_sb_ac me' }],
    ['a strange character', { key: 'sk_sb_acme!' }],
    ['one that is too long', { key: `sk_${'x'.repeat(201)}` }],
    ['a public key', { key: keys.acmePublic }],
    ['as bearer', { key: null, headers: { authorization: `Bearer ${keys.acme}` } }],
    ['as basic', { key: null, headers: { authorization: `Basic ${Buffer.from(`${keys.acme}:`).toString('base64')}` } }],
    ['an app’s id instead', { key: null, headers: { 'x-app-id': ids.acme } }],
  ]
  const unknown: [string, Call][] = [
    ['unknown', { key: 'sk_sb_nobody' }],
    ['cut', { key: keys.acme.slice(0, -1) }],
    ['longer', { key: `${keys.acme}x` }],
    ['in other letters', { key: 'sk_sb_ACME' }],
    ['as long as can be', { key: `sk_${'x'.repeat(200)}` }],
  ]
  for (const [refusal, cases] of [
    ['secretKeyMissing', malformed],
    ['secretKeyUnknown', unknown],
  ] as const) {
    test(refusal, async t => {
      const app = crowd(await start())
      for (const [what, sent] of cases) {
        await t.test(what, async () => {
          for (const { method, path, body } of routes) {
            assertRefused(await call(app, method, path, options(body, sent)), refusal)
          }
          await app.assertEvents()
        })
      }
    })
  }

  test('a disabled key is unknown, until it is enabled', async () => {
    const app = await start()
    const credential = await credentials.find(app.app.context, keys.acme)
    assert.ok(credential)
    await control(app, 'POST', `/keys/${credential.id}/disable`)
    for (const { method, path, body } of routes) {
      assertRefused(await call(app, method, path, options(body)), 'secretKeyUnknown')
    }
    assert.equal((await call(app, 'GET', '/members', { key: keys.acmeLive })).status, 200)
    await control(app, 'POST', `/keys/${credential.id}/enable`)
    assert.equal((await call(app, 'GET', '/members')).status, 200)
  })

  test('the header in any case over the wire; sent twice it is no key', async () => {
    const app = await start()
    const client = openClient(await app.app.listen())
    for (const name of ['x-api-key', 'X-API-KEY', 'X-Api-Key', 'x-ApI-kEy']) {
      assert.equal((await client({ path: '/members', headers: [name, keys.acme] })).status, 200)
    }
    const twice = await client({ path: '/members', headers: ['x-api-key', keys.acme, 'X-API-KEY', keys.globex] })
    assert.deepEqual([twice.status, JSON.parse(twice.text).code], [400, 'validation/invalid-secret-key'])
  })

  test('a secret key on a client route is no public key', async () => {
    const app = await start()
    for (const key of [keys.acme, keys.acmeLive, 'sk_nobody']) {
      assertRefused(await call(app, 'GET', '/app', { key }), 'publicKeyMissing')
    }
  })

  test('no key stands in an answer, an event or the log', async () => {
    const app = await start()
    const sent = [...Object.values(keys), 'sk_sb_nobody_at_all']
    const answers = []
    for (const key of sent) answers.push((await call(app, 'GET', '/members', { key })).body)
    const written = JSON.stringify([answers, app.log, await app.newEvents()])
    for (const key of sent) assert.ok(!written.includes(key), key)
  })
})

test('order of checks', async t => {
  const nowhere = { body: '{', headers: { 'content-type': 'application/json' } }
  const cases: [what: string, Method, path: string, Call, Refusal, ...string[]][] = [
    ['the path before the key', 'GET', '/members/a/b', { key: null }, 'notFound', 'Cannot GET /members/a/b'],
    ['the path before the body', 'PUT', '/members', nowhere, 'notFound', 'Cannot PUT /members'],
    ['the key before the body', 'POST', '/members', { ...nowhere, key: 'sk_sb_nobody' }, 'secretKeyUnknown'],
    ['the key before its absence', 'PATCH', `/members/${NOBODY}`, { body: {}, key: null }, 'secretKeyMissing'],
    ['syntax before existence', 'PATCH', `/members/${NOBODY}`, nowhere, 'invalidJson'],
    ['types before existence', 'PATCH', `/members/${NOBODY}`, { body: { verified: 'x' } }, 'badField', 'verified'],
    ['types before rules', 'POST', '/members', { body: { email: 'ben@acme.example', password: 5 } }, 'badField'],
    ['existence before rules', 'PATCH', `/members/${NOBODY}`, { body: { email: 'ben@acme.example' } }, 'noSuchMember'],
    ['existence', 'DELETE', `/members/${NOBODY}`, {}, 'noSuchMember'],
  ]
  const app = await start()
  for (const [what, method, path, sent, refusal, ...texts] of cases) {
    await t.test(what, async () => {
      assertRefused(await call(app, method, path, sent), refusal, ...texts)
      await app.assertEvents()
    })
  }
})

describe('bodies', () => {
  const JSON_TYPE = 'application/json'
  const path = `/members/${ids.ben}`
  const typed = (body: string | Buffer, type?: string): Call => ({
    body,
    headers: type === undefined ? {} : { 'content-type': type },
  })

  test('read as JSON under its type or none', async () => {
    const app = await start()
    for (const [n, type] of [undefined, JSON_TYPE, 'application/json; charset=utf-8', 'Application/JSON'].entries()) {
      const { metaData } = await ok(app, 'PATCH', path, typed(` {"metaData": {"n": ${n + 1}}} \r\n`, type))
      assert.deepEqual(metaData, { n: n + 1 })
    }
  })

  test('an empty one is {} under any type', async () => {
    const app = await start()
    for (const type of [undefined, JSON_TYPE, 'application/x-www-form-urlencoded', 'text/plain', 'a/b', 'nonsense']) {
      await ok(app, 'PATCH', path, typed('', type))
      assertRefused(await call(app, 'POST', '/members', typed('', type)), 'requiredFieldMissing')
    }
    await app.assertEvents()
  })

  test('anything else is not JSON', async () => {
    const app = await start()
    const broken = [
      '{',
      '{"verified":true',
      '{verified:true}',
      "{'verified':true}",
      '{"verified":true,}',
      'x',
      '\u0000',
    ]
    for (const body of [...broken, Buffer.from([0x22, 0xc3, 0x28, 0x22])]) {
      for (const type of [undefined, JSON_TYPE]) {
        for (const [method, at] of [
          ['PATCH', path],
          ['POST', path],
          ['POST', '/members'],
          ['POST', `${path}/add-plan`],
          ['POST', '/members/verify-token'],
          ['DELETE', path],
        ] as const) {
          assertRefused(await call(app, method, at, typed(body, type)), 'invalidJson')
        }
      }
    }
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'nonsense',
    ]) {
      assertRefused(await call(app, 'PATCH', path, typed('{"verified":true}', type)), 'invalidJson')
    }
    await app.assertEvents()
  })

  test('JSON that is no object is refused', async () => {
    const app = await start()
    for (const body of ['null', '[]', '"x"', '5', 'true', '[{"verified":true}]']) {
      for (const [method, at] of [
        ['PATCH', path],
        ['POST', '/members'],
        ['POST', `${path}/remove-plan`],
        ['POST', '/members/verify-token'],
      ] as const) {
        assert.equal((await call(app, method, at, typed(body, JSON_TYPE))).status, 400, `${method} ${at} ${body}`)
      }
    }
    await app.assertEvents()
  })

  test('of 1 MiB it is read, of more it is refused, and changes nothing', async () => {
    const app = await start()
    const body = '{"metaData":{"read":true}}'
    const full = body.padEnd(1024 * 1024, ' ')
    assertRefused(await call(app, 'PATCH', path, typed(`${full} `, JSON_TYPE)), 'tooLarge')
    assertRefused(await call(app, 'POST', '/members', typed(`${full} `)), 'tooLarge')
    await app.assertEvents()
    assert.deepEqual((await ok(app, 'PATCH', path, typed(full, JSON_TYPE))).metaData, { read: true })
  })

  test('JSON nested as deep as its size lets it is no fault of ours', async () => {
    const app = await start()
    for (const depth of [1000, 10_000, 500_000]) {
      const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`
      for (const body of [`{"json":${nested}}`, `{"metaData":{"a":${nested}}}`, `{"customFields":{"a":${nested}}}`]) {
        const made = `{"email":"deep@acme.example","password":"${PASSWORD}",${body.slice(1)}`
        for (const [method, at, sent] of [
          ['PATCH', path, body],
          ['POST', '/members', made],
        ] as const) {
          const { status } = await call(app, method, at, typed(sent, JSON_TYPE))
          assert.ok(status === 200 || status === 400, `${status} at ${depth}`)
        }
      }
    }
    assert.equal((await call(app, 'GET', '/members?includeJSON=true')).status, 200)
  })

  test('fields, parameters and headers that nobody knows are ignored', async () => {
    const app = await start()
    const headers = {
      'x-user-agent': 'memberstack-admin',
      'x-api-version': '1',
      'x-app-id': ids.globex,
      'referring-path': '/x',
      'x-unknown': '1',
    }
    assertAda(await ok(app, 'GET', `/members/${ids.ada}?unknown=1&after=x&__proto__=1`, { headers }))
    assertAda(await ok(app, 'PATCH', `/members/${ids.ada}?x`, { body: { unknown: [], toString: 1 }, headers }))
    await app.assertEvents()
  })
})

describe('what is not there', () => {
  const unknown: [Method, string][] = [
    ['PUT', '/members'],
    ['PATCH', '/members'],
    ['DELETE', '/members'],
    ['OPTIONS', '/members'],
    ['PUT', `/members/${ids.ada}`],
    ['OPTIONS', `/members/${ids.ada}`],
    ['GET', `/members/${ids.ada}/add-plan`],
    ['DELETE', `/members/${ids.ada}/remove-plan`],
    ['POST', `/members/${ids.ada}/plans`],
    ['GET', `/members/${ids.ada}/x/y`],
    ['POST', '/members/verify-token/x'],
    ['GET', '/'],
    ['GET', '/nowhere'],
    ['POST', '/Members'],
  ]
  test('answers 404 with its method and path, with a key, without, and from a page', async () => {
    const app = await start()
    for (const [method, path] of unknown) {
      for (const sent of [{}, { key: null }, { origin: 'https://acme.example' }]) {
        const reply = await call(app, method, path, sent)
        assertRefused(reply, 'notFound')
        assert.equal(reply.body.message, `Cannot ${method} ${path}`)
        assertRefused(await call(app, method, `${path}?a=1`, sent), 'notFound', path)
      }
    }
    await app.assertEvents()
  })

  test('verify-token is never an id', async () => {
    const app = await start()
    assertRefused(await call(app, 'POST', '/members/verify-token', { body: { verified: true } }), 'invalidToken')
    assertRefused(await call(app, 'PATCH', '/members/verify-token', { body: {} }), 'noSuchMember')
    assert.equal(await ok(app, 'GET', '/members/verify-token'), null)
  })

  test('Admin routes send no CORS headers, whatever page asks', async () => {
    const app = await start()
    for (const { method, path, body } of routes) {
      const origin = 'https://acme.example'
      assertNoCors(await call(app, method, path, options(body, { origin })))
      const headers = { origin, 'access-control-request-method': method }
      assertNoCors(await call(app, 'OPTIONS', path, { key: null, headers }))
    }
  })
})

test('a fault of ours is a 500 that tells nothing, and stands in the log', async () => {
  const app = await start()
  await app.app.context.db.schema.alterTable('memberstack_members').renameTo('gone').execute()
  for (const path of ['/members', `/members/${ids.ada}`]) {
    const reply = await call(app, 'GET', path)
    assertRefused(reply, 'internal')
    assert.doesNotMatch(reply.body.message, /table|memberstack_/)
  }
  assert.ok(
    app.log.some(({ level, err }) => level === 'error' && /no such table|does not exist/.test(JSON.stringify(err))),
  )
})

test('?include=teams adds teams', async () => {
  const app = await start()
  const { teams, ...member } = await ok(app, 'GET', `/members/${ids.ben}?include=teams`)
  assert.deepEqual(teams, { ownedTeams: [], joinedTeams: [] })
  assert.deepEqual(member, memberRecord({ id: ids.ben, auth: { email: 'ben@acme.example' } }))
  assert.deepEqual(member, await getMember(app, ids.ben))
})
