// Memberstack contract section 13: the rate limit of the Admin routes.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  acme,
  assertRefused,
  type Call,
  call,
  control,
  globex,
  ids,
  keys,
  type Reply,
  seedOf,
} from './memberstack.support.ts'
import { openClient } from './socket.ts'
import { SECOND, startApp, type TestApp } from './support.ts'

const PER_SECOND = 25

/** Both apps with the default limit, or Acme with this one. */
const start = (rateLimit?: object) => {
  const settings = rateLimit === undefined ? {} : { rateLimit }
  return startApp(seedOf({ ...acme, settings }, { ...globex, settings: {} }), { trustProxy: true })
}

const list = (app: TestApp, options: Call = {}) => call(app, 'GET', '/members?limit=1', options)
const from = (address: string, options: Call = {}): Call => ({ ...options, headers: { 'x-forwarded-for': address } })

/** Uses up a window: so many answers that are not 429, counting down. */
async function useUp(app: TestApp, count = PER_SECOND, options: Call = {}): Promise<void> {
  for (let left = count - 1; left >= 0; left--) {
    const reply = await list(app, options)
    assert.equal(reply.status, 200)
    assertHeaders(reply, count, left)
  }
}

function assertHeaders({ headers }: Reply, limit: number, remaining: number): void {
  assert.deepEqual([headers['ratelimit-limit'], headers['ratelimit-remaining']].map(Number), [limit, remaining])
  assert.match(String(headers['ratelimit-reset']), /^[01]$/)
}

function assertLimited(reply: Reply, limit = PER_SECOND): void {
  assertRefused(reply, 'rateLimited')
  assertHeaders(reply, limit, 0)
}

test('25 a second, then 429 until the window is over', async () => {
  const app = await start()
  await useUp(app)
  for (let over = 0; over < 3; over++) assertLimited(await list(app))
  app.clock.advance(SECOND - 1)
  assertLimited(await list(app))
  app.clock.advance(1)
  await useUp(app)
  assertLimited(await list(app))
})

test('over it nothing is done, whatever is asked; an unknown path is unknown first', async () => {
  const app = await start()
  await useUp(app)
  for (const [method, path, body] of [
    ['POST', '/members', { email: 'cy@acme.example', password: 'long enough' }],
    ['PATCH', `/members/${ids.ada}`, { verified: true }],
    ['POST', `/members/${ids.ada}`, '{'],
    ['DELETE', `/members/${ids.ada}`, undefined],
    ['POST', `/members/${ids.ada}/remove-plan`, { planId: 'pln_free' }],
    ['POST', '/members/verify-token', { token: 'x' }],
    ['GET', '/members/nobody%40acme.example', undefined],
  ] as const) {
    assertLimited(await call(app, method, path, body === undefined ? {} : { body }))
  }
  assertRefused(await call(app, 'GET', '/members/a/b'), 'notFound')
  await app.assertEvents()
})

test('every answer to a keyed request says what is left, refusals too', async () => {
  const app = await start()
  const replies = [
    await list(app),
    await call(app, 'GET', '/members/nobody%40acme.example'),
    await call(app, 'POST', '/members', { body: '{' }),
    await call(app, 'POST', '/members', { body: {} }),
    await call(app, 'DELETE', '/members/mem_sb_nobody'),
    await call(app, 'POST', `/members/${ids.ben}/add-plan`, { body: { planId: 'pln_free' } }),
    await call(app, 'GET', '/members/%zz'),
  ]
  for (const [used, reply] of replies.entries()) assertHeaders(reply, PER_SECOND, PER_SECOND - used - 1)
})

describe('counted by', () => {
  test('address and key, by default', async () => {
    const app = await start()
    await useUp(app)
    await useUp(app, PER_SECOND, { key: keys.acmeLive })
    await useUp(app, PER_SECOND, { key: keys.globex })
    await useUp(app, PER_SECOND, from('192.0.2.1'))
    assertLimited(await list(app))
    assertLimited(await list(app, from('192.0.2.1')))
  })

  test('key', async () => {
    const app = await start({ perSecond: 3, by: 'key' })
    await useUp(app, 3)
    assertLimited(await list(app, from('192.0.2.1')), 3)
    await useUp(app, 3, { key: keys.acmeLive })
  })

  test('ip', async () => {
    const app = await start({ perSecond: 3, by: 'ip' })
    const { apiKey } = await control(app, 'POST', `/memberstack/apps/${ids.acme}/keys`, {
      kind: 'secret',
      environment: 'sandbox',
    })
    await useUp(app, 3)
    assertLimited(await list(app, { key: apiKey }), 3)
    await useUp(app, 3, from('192.0.2.1'))
    await useUp(app, 3, { key: keys.acmeLive })
    await useUp(app, PER_SECOND, { key: keys.globex })
  })

  test('address alone, without a good key: and that takes nothing from good ones', async () => {
    const app = await start()
    const bad: (string | null)[] = [null, 'sk_sb_nobody', keys.acmePublic, 'nonsense', 'sk_sb_other']
    for (let sent = 0; sent < PER_SECOND; sent++) {
      const reply = await list(app, { key: bad[sent % bad.length] ?? null })
      assert.equal(reply.body.code, 'validation/invalid-secret-key')
    }
    for (const key of bad) assertRefused(await list(app, { key }), 'rateLimited')
    assert.equal((await list(app, from('192.0.2.1', { key: null }))).body.code, 'validation/invalid-secret-key')
    await useUp(app)
  })
})

test('the address is the one that the trusted proxy adds, and not what its client says', async () => {
  const app = await start()
  for (let sent = 0; sent < PER_SECOND; sent++) {
    assert.equal((await list(app, from(`203.0.113.${sent}, 192.0.2.1`))).status, 200)
  }
  assertLimited(await list(app, from('203.0.113.99, 192.0.2.1')))
  assert.equal((await list(app, from('203.0.113.99, 192.0.2.2'))).status, 200)
})

test('the address is the connection’s, when no proxy is trusted', async () => {
  const app = await startApp(seedOf({ ...acme, settings: { rateLimit: { perSecond: 2 } } }))
  const client = openClient(await app.app.listen())
  const statuses = []
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
    const headers = { 'x-api-key': keys.acme, 'x-forwarded-for': address }
    statuses.push((await client({ path: '/members', headers })).status)
  }
  assert.deepEqual(statuses, [200, 200, 429])
})
