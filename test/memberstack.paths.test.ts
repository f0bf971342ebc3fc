// Memberstack contract sections 1, 2 and 3: paths as they come over the wire, ids and emails in them, and whose members
// a key sees.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  assertAda,
  assertEnvelope,
  assertRefused,
  call,
  createMember,
  getMember,
  ids,
  type Json,
  keys,
  type Method,
  ok,
  plans,
  SEED,
} from './memberstack.support.ts'
import { openClient } from './socket.ts'
import { startApp } from './support.ts'

/** An app, and a client that sends paths as they are. */
async function start() {
  const app = await startApp(SEED)
  const client = openClient(await app.app.listen())
  const send = async (method: string, path: string, body?: object, key = keys.acme) => {
    const { status, headers, text } = await client({
      method,
      path,
      headers: { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const reply = { status, headers, body: text === 'OK' ? text : JSON.parse(text) }
    assertEnvelope(reply)
    return reply
  }
  return { app, send }
}

test('repeated slashes are one, in every place', async () => {
  const { app, send } = await start()
  for (const [path, query] of [
    ['//members', ''],
    ['///members', '?limit=1'],
    ['//members', '?after=0&limit=//'],
  ]) {
    assert.equal((await send('GET', `${path}${query}`)).body.totalCount, 2)
  }
  for (const path of [`//members/${ids.ada}`, `/members//${ids.ada}`, `//members///${ids.ada}`]) {
    assertAda((await send('GET', path)).body.data)
    assert.equal((await send('PATCH', path, { metaData: { source: 'import' } })).status, 200)
  }
  assert.equal((await send('POST', `//members//${ids.ben}///add-plan`, { planId: plans.free.id })).body, 'OK')
  assert.equal((await send('POST', '//members//verify-token', { token: 'x' })).body.code, 'INVALID_TOKEN')
  assert.equal((await send('DELETE', `//members//${ids.ben}`)).body.data.id, ids.ben)
  await app.assertEvents('member.plan.added', 'member.deleted')
})

test('slashes in the query are left alone', async () => {
  const { app, send } = await start()
  await createMember(app, { email: 'a//b@acme.example' })
  const { body } = await send('GET', '/members/a%2F%2Fb%40acme.example?x=//')
  assert.equal(body.data.auth.email, 'a//b@acme.example')
})

describe('emails in the path', () => {
  const found: [email: string, ...paths: string[]][] = [
    ['ben@acme.example', 'ben@acme.example', 'ben%40acme.example', 'BEN%40ACME.example', '%62en%40acme.example'],
    ['a+b@acme.example', 'a+b@acme.example', 'a%2Bb%40acme.example', 'a%2bb%40acme.example'],
    ['a/b@acme.example', 'a%2Fb%40acme.example'],
    ['a?b@acme.example', 'a%3Fb%40acme.example'],
    ['a#b@acme.example', 'a%23b%40acme.example'],
    ['a%b@acme.example', 'a%25b%40acme.example'],
    ['a%2Bb@acme.example', 'a%252Bb%40acme.example'],
    ['ünï@acme.example', '%C3%BCn%C3%AF%40acme.example'],
    ["o'neil&sons=1@acme.example", "o'neil&sons=1%40acme.example"],
    ['..@acme.example', '..%40acme.example'],
  ]
  for (const [email, ...paths] of found) {
    test(email, async () => {
      const { app, send } = await start()
      if (email !== 'ben@acme.example') await createMember(app, { email })
      for (const path of paths) {
        assert.equal((await send('GET', `/members/${path}`)).body.data?.auth.email, email, path)
        for (const [method, at, body] of [
          ['PATCH', path, { verified: true }],
          ['POST', path, { verified: true }],
          ['DELETE', path, undefined],
          ['POST', `${path}/add-plan`, { planId: plans.free.id }],
          ['POST', `${path}/remove-plan`, { planId: plans.free.id }],
        ] as const) {
          assertRefused(await send(method, `/members/${at}`, body), 'noSuchMember')
        }
      }
    })
  }

  test('decoded once: what was encoded twice is another email', async () => {
    const { app, send } = await start()
    await createMember(app, { email: 'a+b@acme.example' })
    for (const path of ['a%252Bb%40acme.example', 'a%2Bb%2540acme.example', 'a b@acme.example'.replace(' ', '%20')]) {
      assert.deepEqual((await send('GET', `/members/${path}`)).body, { data: null })
    }
  })

  test('what starts with mem_ is an id, also with an @', async () => {
    const { app, send } = await start()
    const { id } = await createMember(app, { email: 'mem_x@acme.example' })
    assert.deepEqual((await send('GET', '/members/mem_x%40acme.example')).body, { data: null })
    assert.equal((await send('GET', `/members/${id}`)).body.data.auth.email, 'mem_x@acme.example')
    assertAda((await send('GET', `/members/${ids.ada.replaceAll('_', '%5F')}`)).body.data)
    for (const other of [
      ids.ada.toUpperCase(),
      `${ids.ada}0`,
      ids.ada.slice(0, -1),
      ` ${ids.ada}`.replace(' ', '%20'),
    ]) {
      assert.deepEqual((await send('GET', `/members/${other}`)).body, { data: null })
    }
  })

  test('long and strange segments find nobody', async () => {
    const { send } = await start()
    for (const segment of [
      'x'.repeat(4000),
      '%00',
      '%E2%80%AE',
      '..%2F..',
      '*',
      '~',
      'mem_',
      'mem_sb_',
      '%20',
      "'--",
    ]) {
      assert.deepEqual((await send('GET', `/members/${segment}`)).body, { data: null }, segment)
    }
  })

  test('an id with a null character is nobody’s on every route that changes a member', async () => {
    const { app, send } = await start()
    for (const id of ['%00', 'mem_sb_%00', `${ids.ada}%00`]) {
      for (const [method, path, body] of [
        ['PATCH', id, { verified: true }],
        ['POST', id, { verified: true }],
        ['DELETE', id, undefined],
        ['POST', `${id}/add-plan`, { planId: plans.free.id }],
        ['POST', `${id}/remove-plan`, { planId: plans.free.id }],
      ] as const) {
        const reply = await send(method, `/members/${path}`, body)
        assert.deepEqual([reply.status, reply.body.message], [400, 'There is no member with this identifier.'], path)
      }
    }
    await app.assertEvents()
  })

  test('a broken escape is refused on every route', async () => {
    const { app, send } = await start()
    for (const segment of ['%zz', '%', 'a%', 'a%4', '%E4', '%C3%28', `${ids.ada}%`, 'ada%40acme.example%']) {
      for (const [method, path, body] of [
        ['GET', segment, undefined],
        ['PATCH', segment, { verified: true }],
        ['POST', segment, { verified: true }],
        ['DELETE', segment, undefined],
        ['POST', `${segment}/add-plan`, { planId: plans.free.id }],
      ] as const) {
        const { status, body: answer } = await send(method, `/members/${path}`, body)
        assert.deepEqual([status, answer.code], [400, 'generic-message'], `${method} ${path}`)
      }
    }
    await app.assertEvents()
  })
})

describe('whose members', () => {
  const calls: [Method, suffix: string, body?: object][] = [
    ['PATCH', '', { customFields: { ours: true } }],
    ['POST', '', { email: 'ours@acme.example' }],
    ['POST', '/add-plan', { planId: plans.free.id }],
    ['POST', '/remove-plan', { planId: plans.free.id }],
    ['DELETE', ''],
  ]
  const realms: [what: string, key: string, own: string, others: string[]][] = [
    ['sandbox', keys.acme, ids.ada, [ids.adaLive, ids.adaGlobex]],
    ['live', keys.acmeLive, ids.adaLive, [ids.ada, ids.ben, ids.adaGlobex]],
    ['another app', keys.globex, ids.adaGlobex, [ids.ada, ids.ben, ids.adaLive]],
    ['another app, live', keys.globexLive, '', [ids.ada, ids.adaLive, ids.adaGlobex]],
  ]
  for (const [what, key, own, others] of realms) {
    test(`${what}: the others’ members are not there`, async () => {
      const app = await startApp(SEED)
      for (const id of others) {
        assert.equal(await ok(app, 'GET', `/members/${id}`, { key }), null)
        for (const [method, suffix, body] of calls) {
          const reply = await call(app, method, `/members/${id}${suffix}`, { key, ...(body ? { body } : {}) })
          assertRefused(reply, 'noSuchMember')
        }
      }
      const { data, totalCount } = await ok(app, 'GET', '/members', { key })
      assert.equal(totalCount, data.length)
      for (const id of others) assert.ok(!data.some((member: Json) => member.id === id))
      const byEmail = await getMember(app, 'ada@acme.example', { key })
      assert.equal(byEmail?.id ?? '', own)
      await app.assertEvents()
    })
  }

  test('any secret key that is not sk_sb_ is live', async () => {
    const app = await startApp(SEED)
    for (const [key, prefix] of [
      [keys.acme, /^mem_sb_/],
      [keys.acmeLive, /^mem_(?!sb_)/],
      [keys.globexLive, /^mem_(?!sb_)/],
    ] as const) {
      assert.match((await createMember(app, {}, { key })).id, prefix)
    }
  })
})
