// Memberstack contract section 16: where integrations go wrong, each answered as the contract says; those that the
// server notices are told in the log, once a minute for each key, and counted.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  assertRefused,
  type Call,
  call,
  createMember,
  getMember,
  ids,
  keys,
  login,
  ok,
  type Refusal,
  SEED,
} from './memberstack.support.ts'
import { openClient } from './socket.ts'
import { type LogLine, MINUTE, startApp, type TestApp } from './support.ts'

const start = () => startApp(SEED)

function trapsIn(app: TestApp): LogLine[] {
  return app.log.filter(line => line.trap !== undefined)
}

async function counted(app: TestApp, trap: string): Promise<number> {
  const { body } = await app.request({ url: '/metrics' })
  const name = `understudy_traps_total{vendor="memberstack",trap="${trap}"} `
  return Number(
    body
      .split('\n')
      .find(line => line.startsWith(name))
      ?.slice(name.length) ?? 0,
  )
}

test('json-replaced-whole: one key of json loses the others, while customFields and metaData merge', async () => {
  const app = await start()
  const before = { customFields: { a: 1, b: 2 }, metaData: { a: 1, b: 2 }, json: { a: 1, b: 2 } }
  const { id } = await createMember(app, before)
  const after = { customFields: { b: 3 }, metaData: { b: 3 }, json: { b: 3 } }
  const { customFields, metaData, json } = await ok(app, 'PATCH', `/members/${id}`, { body: after })
  assert.deepEqual([customFields, metaData, json], [{ a: 1, b: 3 }, { a: 1, b: 3 }, { b: 3 }])
  assert.deepEqual(trapsIn(app), [])
})

test('haveMore-vs-hasNextPage: both are there, and equal, on every page', async () => {
  const app = await start()
  for (const [query, more] of [
    ['limit=1', true],
    ['limit=2', false],
    ['limit=1&order=DESC', true],
    ['after=1000', false],
  ]) {
    const { hasNextPage, hasMore } = await ok(app, 'GET', `/members?${query}`)
    assert.deepEqual([hasNextPage, hasMore], [more, more])
  }
})

test('limit-vs-first: both work, first wins, 100 is the most, and hasNextPage tells of the rest', async () => {
  const app = await start()
  await Promise.all(Array.from({ length: 100 }, (_, n) => createMember(app, { email: `m${n}@acme.example` })))
  for (const [query, shown] of [
    ['limit=3', 3],
    ['first=4', 4],
    ['first=2&limit=5', 2],
    ['limit=2&first=5', 5],
    ['limit=500', 100],
    ['first=500&limit=1', 100],
  ]) {
    const { data, hasNextPage, totalCount } = await ok(app, 'GET', `/members?${query}`)
    assert.deepEqual([data.length, hasNextPage, totalCount], [shown, true, 102], String(query))
  }
})

test('verify-token-not-a-member: the answer is the claims, and no member', async () => {
  const app = await start()
  const { tokens } = await login(app, 'ada@acme.example')
  const claims = await ok(app, 'POST', '/members/verify-token', { body: { token: tokens.accessToken } })
  assert.deepEqual(Object.keys(claims).toSorted(), ['aud', 'exp', 'iat', 'id', 'iss', 'type'])
  const member = await getMember(app, claims.id)
  assert.deepEqual([member.auth.email, member.planConnections.length], ['Ada@acme.example', 1])
})

describe('unencoded-email', () => {
  const TRAP = 'unencoded-email'
  const paths: [what: string, path: string, refusal: Refusal | undefined, found?: string][] = [
    ['raw is found', 'ben@acme.example', undefined, ids.ben],
    ['a plus sign is one', 'a+b@acme.example', undefined],
    ['cut at ?', 'a?b@acme.example', undefined],
    ['a broken escape', '100%zz@acme.example', 'badField'],
    ['split at /', 'a/b@acme.example', 'notFound'],
  ]
  for (const [what, path, refusal, found] of paths) {
    test(what, async () => {
      const app = await start()
      const client = openClient(await app.app.listen())
      const { status, text } = await client({ path: `/members/${path}`, headers: { 'x-api-key': keys.acme } })
      const body = JSON.parse(text)
      if (refusal) assertRefused({ status, body, headers: {} }, refusal)
      else assert.deepEqual([status, body.data?.id], [200, found])
      assertReported(app, TRAP)
      assert.equal(await counted(app, TRAP), 1)
      assert.ok(!JSON.stringify(trapsIn(app)).includes('acme.example'), 'nobody is named')
    })
  }

  test('an encoded one and an id are no trap', async () => {
    const app = await start()
    for (const path of [
      'ben%40acme.example',
      'a%2Bb%40acme.example',
      'a%3Fb%40acme.example',
      ids.ada,
      `${ids.ada}?x=a@b.test`,
    ]) {
      await ok(app, 'GET', `/members/${path}`)
    }
    assertRefused(await call(app, 'GET', '/members/a/b'), 'notFound')
    assertRefused(await call(app, 'GET', '/members/%zz'), 'badField')
    assert.deepEqual(trapsIn(app), [])
  })
})

describe('secret-key-in-browser', () => {
  const TRAP = 'secret-key-in-browser'
  const origin = 'https://acme.example'

  test('on an Admin route: answered as any other request, and reported', async () => {
    const app = await start()
    const answer = await ok(app, 'GET', '/members', { origin })
    assert.deepEqual(answer, await ok(app, 'GET', '/members'))
    assertReported(app, TRAP, ids.acme)
    assert.equal(await counted(app, TRAP), 1)
    assert.ok(!JSON.stringify(app.log).includes(keys.acme))
  })

  test('on a client route: refused as any other key that is not public, and reported', async () => {
    const app = await start()
    assertRefused(await call(app, 'GET', '/app', { origin }), 'publicKeyMissing')
    assertReported(app, TRAP)
    assert.equal(await counted(app, TRAP), 1)
    assert.ok(!JSON.stringify(app.log).includes(keys.acme))
  })

  test('invented keys: one warning for their address', async () => {
    const app = await start()
    for (let n = 0; n < 5; n++) {
      assertRefused(await call(app, 'GET', '/members', { key: `sk_sb_invented_${n}`, origin }), 'secretKeyUnknown')
    }
    assertReported(app, TRAP)
    assert.equal(await counted(app, TRAP), 5)
  })

  test('a public key in a browser and a secret one outside are no trap', async () => {
    const app = await start()
    assertRefused(await call(app, 'GET', '/members', { key: keys.acmePublic, origin }), 'secretKeyMissing')
    await ok(app, 'GET', '/app', { key: keys.acmePublic, origin })
    await ok(app, 'GET', '/members')
    assert.deepEqual(trapsIn(app), [])
  })
})

test('one warning a minute for each key and trap', async () => {
  const app = await start()
  const browser: Call = { origin: 'https://acme.example' }
  const shown = () => trapsIn(app).map(({ trap, tenant }) => [trap, tenant])
  for (let sent = 0; sent < 3; sent++) await ok(app, 'GET', '/members', browser)
  const first = [['secret-key-in-browser', ids.acme]]
  assert.deepEqual(shown(), first)
  await ok(app, 'GET', '/members', { ...browser, key: keys.globex })
  await ok(app, 'GET', '/members/ben@acme.example')
  const others = [...first, ['secret-key-in-browser', ids.globex], ['unencoded-email', ids.acme]]
  assert.deepEqual(shown(), others)
  app.clock.advance(MINUTE - 1)
  await ok(app, 'GET', '/members', browser)
  assert.deepEqual(shown(), others)
  app.clock.advance(1)
  for (let sent = 0; sent < 3; sent++) await ok(app, 'GET', '/members', browser)
  assert.deepEqual(shown(), [...others, ...first])
})

/** One line, with the fields that every vendor's traps have. */
function assertReported(app: TestApp, trap: string, tenant?: string): void {
  const [line, ...more] = trapsIn(app)
  assert.deepEqual([line?.trap, line?.vendor, line?.level, more], [trap, 'memberstack', 'warn', []])
  if (tenant !== undefined) assert.equal(line?.tenant, tenant)
  assert.ok(app.log.some(({ msg, reqId }) => msg === 'request' && reqId === line?.requestId))
}
