// AfterShip contract section 6: who gets in, what a key may do, and keys that end with their holder's membership.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  accounts,
  assertList,
  assertOk,
  assertRefused,
  BASE,
  type Call,
  call,
  control,
  idIn,
  invite,
  keys,
  M,
  members,
  northwind,
  seedOf,
  southwind,
} from './aftership.support.ts'
import { OPERATOR_TOKEN, operatorOf } from './operator.ts'
import { DAY, SECOND, startApp, type TestApp } from './support.ts'

const everyone = Object.values(members)

interface ControlKey {
  id: string
  name: string
  active: boolean
  disabledBy: string[]
}

async function controlKeys(app: TestApp, tenant: string = northwind.id): Promise<ControlKey[]> {
  const { data } = await control<{ data: ControlKey[] }>(app, 'GET', `/keys?vendor=aftership&tenant=${tenant}`)
  return data
}

async function idOfKey(app: TestApp, name: string): Promise<string> {
  const key = (await controlKeys(app)).find(candidate => candidate.name === name)
  assert.ok(key)
  return key.id
}

describe('credentials', () => {
  const refused: [string, Call, RegExp][] = [
    ['none', { key: null }, /no credential/],
    ['an unknown key', { key: 'k_nobody' }, /unknown key/],
    ['an empty key', { key: '' }, /unknown key/],
    ['a key in another case', { key: keys.full.toUpperCase() }, /unknown key/],
    ['a key with more behind it', { key: `${keys.full}x` }, /unknown key/],
    ['a key cut short', { key: keys.full.slice(0, -1) }, /unknown key/],
    ['a control token as a key', { key: OPERATOR_TOKEN }, /unknown key/],
    ['a key as an access token', { key: null, headers: { 'as-access-token': keys.full } }, /access token/],
    ['an unknown access token', { key: null, headers: { 'as-access-token': 'token' } }, /access token/],
    ['a key and an access token', { headers: { 'as-access-token': 'token' } }, /two credentials/],
    ['a key and an empty access token', { headers: { 'as-access-token': '' } }, /two credentials/],
    ['the legacy header', { key: null, headers: { 'aftership-api-key': keys.full } }, /legacy/],
    ['a bearer token', { key: null, headers: { authorization: `Bearer ${keys.full}` } }, /no credential/],
    [
      'basic authentication',
      { key: null, headers: { authorization: `Basic ${btoa(`${keys.full}:`)}` } },
      /no credential/,
    ],
    ['a cookie', { key: null, headers: { cookie: `as-api-key=${keys.full}` } }, /no credential/],
    ['a query parameter', { key: null, path: `${M}?as-api-key=${keys.full}&api_key=${keys.full}` }, /no credential/],
  ]
  test('the one 401, its reason only in the log', async t => {
    const app = await startApp(seedOf(northwind))
    const bodies = new Set<string>()
    for (const [name, request, reason] of refused) {
      await t.test(name, async () => {
        const reply = await call(app, request)
        assertRefused(reply, 'unauthorized')
        bodies.add(JSON.stringify(reply.body))
        assert.equal(reply.headers['www-authenticate'], undefined)
        const line = app.log.find(({ reqId, msg }) => reqId === reply.headers['as-trace-id'] && msg === 'request')
        assert.equal(line?.code, 'unauthenticated')
        assert.match(String(line?.reason), reason)
      })
    }
    assert.equal(bodies.size, 1, 'every refusal reads the same')
    await app.assertEvents()
  })

  test('no key, token or secret stands in any answer, log line or event', async () => {
    const app = await startApp(seedOf(northwind, southwind))
    const answers = []
    for (const [, request] of refused) answers.push(await call(app, request))
    answers.push(await call(app, {}), await invite(app, accounts.liu.email))
    const written = JSON.stringify([answers, app.log, await app.newEvents()])
    for (const secret of [...Object.values(keys), OPERATOR_TOKEN, 'k_nobody']) {
      assert.ok(!written.includes(secret), secret)
    }
  })

  test('a key sent twice is no key; the name of the header is read without case', async () => {
    const app = await startApp(seedOf(northwind))
    const reply = await app.request({ url: M, headers: { 'as-api-key': [keys.full, keys.full] } })
    assert.equal(reply.statusCode, 401)
    assertList(await call(app, { key: null, headers: { 'AS-API-KEY': keys.full } }), everyone)
  })

  test('a key of API-key mode ignores signature headers, a date of last year and the legacy header', async () => {
    const app = await startApp(seedOf(northwind))
    const headers = {
      'as-signature-hmac-sha256': 'wrong',
      'as-signature-rsa-sha256': 'wrong',
      'aftership-api-key': 'old',
      authorization: 'Bearer other',
      date: 'Wed, 01 Jan 2025 00:00:00 GMT',
    }
    assertList(await call(app, { headers }), everyone)
    assert.equal(app.log.filter(line => line.trap !== undefined).length, 0)
  })
})

describe('the life of a key', () => {
  test('disabled: 401 from the next request on; enabled: it works again', async () => {
    const app = await startApp(seedOf(northwind))
    const id = await idOfKey(app, 'full')
    assertList(await call(app, {}), everyone)
    await control(app, 'POST', `/keys/${id}/disable`)
    assertRefused(await call(app, {}), 'unauthorized')
    assertRefused(await call(app, { path: `${BASE}/nowhere` }), 'unauthorized')
    assert.equal((await call(app, { key: keys.read })).status, 200)
    await control(app, 'POST', `/keys/${id}/enable`)
    assertList(await call(app, {}), everyone)
    await app.assertEvents('credential.disabled', 'credential.enabled')
  })

  test('removed: 401 for good', async () => {
    const app = await startApp(seedOf(northwind))
    assertList(await call(app, {}), everyone)
    await control(app, 'DELETE', `/keys/${await idOfKey(app, 'full')}`)
    assertRefused(await call(app, {}), 'unauthorized')
    await app.assertEvents('credential.deleted')
  })

  test('expired: 401 from that millisecond on', async () => {
    const expiring = { name: 'expiring', mode: 'api_key', key: 'k_expiring', expiresAt: '2026-03-05T09:30:00.000Z' }
    const app = await startApp(seedOf({ ...northwind, keys: [expiring] }))
    app.clock.advance(DAY - 1)
    assertList(await call(app, { key: 'k_expiring' }), everyone)
    app.clock.advance(1)
    assertRefused(await call(app, { key: 'k_expiring' }), 'unauthorized')
    app.clock.advance(DAY)
    assertRefused(await call(app, { key: 'k_expiring' }), 'unauthorized')
    await app.assertEvents()
  })

  test('made in the control API: works at once, and is shown this once', async () => {
    const app = await startApp(seedOf(northwind))
    const path = `/aftership/organizations/${northwind.id}/keys`
    const made = await control<{ key: { id: string }; apiKey: string }>(app, 'POST', path, {
      name: 'made',
      mode: 'api_key',
    })
    assertList(await call(app, { key: made.apiKey }), everyone)
    assert.ok(!JSON.stringify(await controlKeys(app)).includes(made.apiKey))
    assert.ok(!JSON.stringify([app.log, await app.newEvents()]).includes(made.apiKey))
  })

  test('its use is noted', async () => {
    const app = await startApp(seedOf(northwind))
    app.clock.advance(90 * SECOND)
    await call(app, {})
    await app.app.runJobs()
    const key = await control<{ lastUsedAt: string }>(app, 'GET', `/keys/${await idOfKey(app, 'full')}`)
    assert.equal(key.lastUsedAt, '2026-03-04T09:31:30.000Z')
    await app.assertEvents()
  })
})

describe('permission', () => {
  const body = { account: { email: accounts.liu.email }, role: { code: 'member' } }
  const reads: Call[] = [{}, { path: `${M}/mem_ben` }, { path: `${BASE}/roles` }, { path: `${M}/mem_none` }]
  const writes: Call[] = [
    { method: 'POST', body },
    { method: 'POST', body: '{' },
    { method: 'POST', body: {} },
    { method: 'PATCH', path: `${M}/mem_ben`, body: { role: { code: 'admin' } } },
    { method: 'PATCH', path: `${M}/mem_none`, body: { role: { code: 'admin' } } },
    { method: 'DELETE', path: `${M}/mem_ben` },
    { method: 'DELETE', path: `${M}/mem_none` },
    { method: 'DELETE', path: `${M}/mem_olga` },
  ]

  test('read-only: all GETs, and 403 for the rest; none: 403 for everything that exists', async () => {
    const app = await startApp(seedOf(northwind))
    for (const request of reads) assert.notEqual((await call(app, { ...request, key: keys.read })).status, 403)
    for (const request of writes) assertRefused(await call(app, { ...request, key: keys.read }), 'forbidden')
    for (const request of [...reads, ...writes]) {
      assertRefused(await call(app, { ...request, key: keys.none }), 'forbidden')
    }
    assertRefused(await call(app, { path: `${BASE}/nowhere`, key: keys.none }), 'notFound')
    await app.assertEvents()
    assertList(await call(app, {}), everyone)
  })
})

describe('keys with a holder', () => {
  const [full] = northwind.keys
  const held = (name: string, holder: string, extra: object = {}) => ({
    name,
    mode: 'api_key',
    key: `k_${name}_key`,
    holder,
    ...extra,
  })
  const seed = seedOf(
    {
      ...northwind,
      invitations: 'automatic',
      keys: [
        full,
        held('first', accounts.ben.email),
        held('second', ' BEN@Northwind.example'.trim()),
        held('signed', accounts.ben.email, { mode: 'hmac', secret: 'a signing secret' }),
        held('stopped', accounts.ben.email),
        held('other', accounts.rosa.email),
      ],
    },
    { ...southwind, keys: [...southwind.keys, held('south', accounts.ben.email)] },
  )
  const works = async (app: TestApp, name: string) => (await call(app, { key: `k_${name}_key` })).status === 200

  /** Which keys of Northwind are disabled, and by what. */
  async function disabled(app: TestApp): Promise<Record<string, string[]>> {
    const found = (await controlKeys(app)).filter(key => !key.active)
    return Object.fromEntries(found.map(key => [key.name, key.disabledBy]))
  }

  test('stop with the membership, an event each; those of others and elsewhere go on', async () => {
    const app = await startApp(seed)
    await control(app, 'POST', `/keys/${await idOfKey(app, 'stopped')}/disable`)
    await app.assertEvents('credential.disabled')
    assert.ok((await works(app, 'first')) && (await works(app, 'second')))

    const removed = await call(app, { method: 'DELETE', path: `${M}/mem_ben` })
    assertOk(removed, {})
    const written = await app.newEvents()
    assert.deepEqual(
      written.map(({ type }) => type),
      [
        'membership.deleted',
        'credential.disabled',
        'credential.disabled',
        'credential.disabled',
        'credential.cause_added', // `stopped` has two reasons now
      ],
    )
    assert.deepEqual(
      written.slice(1).map(({ data }) => [data.name, data.holder, data.cause]),
      ['first', 'second', 'signed', 'stopped'].map(name => [name, accounts.ben.email, 'membership:mem_ben']),
    )
    for (const event of written) {
      assert.equal(event.tenant, northwind.id)
      assert.equal(event.requestId, removed.headers['as-trace-id'])
    }
    assert.deepEqual([await works(app, 'first'), await works(app, 'second')], [false, false])
    assert.deepEqual([await works(app, 'other'), await works(app, 'south')], [true, true])
    assert.deepEqual(await disabled(app), {
      first: ['membership:mem_ben'],
      second: ['membership:mem_ben'],
      signed: ['membership:mem_ben'],
      stopped: ['operator', 'membership:mem_ben'],
    })
  })

  test('a restore in the control API brings back the membership and those keys only', async () => {
    const app = await startApp(seed)
    await control(app, 'POST', `/keys/${await idOfKey(app, 'stopped')}/disable`)
    await call(app, { method: 'DELETE', path: `${M}/mem_ben` })
    await app.newEvents()

    const path = `/aftership/organizations/${northwind.id}/memberships/mem_ben/restore`
    await control(app, 'POST', path)
    const written = await app.newEvents()
    assert.deepEqual(
      written.map(({ type }) => type),
      [
        'membership.restored',
        'credential.enabled',
        'credential.enabled',
        'credential.enabled',
        'credential.cause_removed',
      ],
    )
    assert.deepEqual(await disabled(app), { stopped: ['operator'] })
    assert.deepEqual([await works(app, 'first'), await works(app, 'second')], [true, true])
    assertList(await call(app, {}), everyone)

    const again = await operatorOf(app).post(`${path}`)
    assert.equal(again.status, 409)
    await app.assertEvents()
  })

  test('a new membership of the same person brings none of them back', async () => {
    const app = await startApp(seed)
    await call(app, { method: 'DELETE', path: `${M}/mem_ben` })
    await app.newEvents()
    const created = await invite(app, accounts.ben.email)
    assert.equal(created.status, 201)
    await app.assertEvents('membership.created')
    assert.equal(await works(app, 'first'), false)

    // What the new membership's end disables is its own; the old removal cannot be taken back beside it.
    const restore = await operatorOf(app).post(`/aftership/organizations/${northwind.id}/memberships/mem_ben/restore`)
    assert.equal(restore.status, 409)
    await call(app, { method: 'DELETE', path: `${M}/${idIn(created)}` })
    await app.assertEvents(
      'membership.deleted',
      ...['first', 'second', 'signed', 'stopped'].map(() => 'credential.cause_added'),
    )
  })

  test('a key that an operator disables after the removal stays off after the restore', async () => {
    const app = await startApp(seed)
    await call(app, { method: 'DELETE', path: `${M}/mem_ben` })
    await control(app, 'POST', `/keys/${await idOfKey(app, 'first')}/disable`)
    await control(app, 'POST', `/aftership/organizations/${northwind.id}/memberships/mem_ben/restore`)
    assert.deepEqual(await disabled(app), { first: ['operator'] })
    assert.deepEqual([await works(app, 'first'), await works(app, 'second')], [false, true])
  })

  test('a removal that is refused disables nothing', async () => {
    const app = await startApp(seedOf({ ...northwind, keys: [full, held('owner', accounts.olga.email)] }))
    assertRefused(await call(app, { method: 'DELETE', path: `${M}/mem_olga` }), 'forbidden')
    assert.ok(await works(app, 'owner'))
    await app.assertEvents()
  })

  test('whoever removes their own membership is out with that request', async () => {
    const app = await startApp(seed)
    assertOk(await call(app, { method: 'DELETE', path: `${M}/mem_ben`, key: 'k_first_key' }), {})
    assertRefused(await call(app, { key: 'k_first_key' }), 'unauthorized')
  })

  test('an invitation that expires ends the keys of the person as a removal does', async () => {
    const { liu } = accounts
    const app = await startApp(seedOf({ ...northwind, keys: [full, held('liu', liu.email)] }))
    await invite(app, liu.email)
    await app.assertEvents('membership.created')
    app.clock.advance(2 * DAY)
    await app.app.runJobs()
    await app.assertEvents('membership.deleted', 'credential.disabled')
    assert.equal(await works(app, 'liu'), false)
  })
})

describe('restore', () => {
  const path = `/aftership/organizations/${northwind.id}/memberships`

  test('after a role change it is as it was; its retention time over, it is gone for good', async () => {
    const app = await startApp(seedOf(northwind), { retentionDays: 30 })
    await call(app, { method: 'PATCH', path: `${M}/mem_ben`, body: { role: { code: 'admin' } } })
    await call(app, { method: 'DELETE', path: `${M}/mem_ben` })
    app.clock.advance(29 * DAY)
    await app.app.runJobs()
    await control(app, 'POST', `${path}/mem_ben/restore`)
    await app.assertEvents('membership.updated', 'membership.deleted', 'membership.restored')
    const restored = { ...members.ben, role: { code: 'admin', name: 'Admin' } }
    assertList(await call(app, {}), [members.olga, members.rosa, restored])

    await call(app, { method: 'DELETE', path: `${M}/mem_ben` })
    app.clock.advance(31 * DAY)
    await app.app.runJobs()
    await app.assertEvents('membership.deleted', 'membership.purged')
    const late = await operatorOf(app).post(`${path}/mem_ben/restore`)
    assert.equal(late.status, 404)
    await app.assertEvents()
  })

  test('of a pending one mails a new link', async () => {
    const app = await startApp(seedOf(northwind))
    const id = idIn(await invite(app, accounts.liu.email))
    await call(app, { method: 'DELETE', path: `${M}/${id}` })
    await control(app, 'POST', `${path}/${id}/restore`)
    assert.equal((await app.mailsTo(accounts.liu.email)).length, 2)
    await app.assertEvents('membership.created', 'membership.deleted', 'membership.restored')
  })

  test('needs a seat', async () => {
    const app = await startApp(seedOf({ ...northwind, seats: 3, invitations: 'automatic' }))
    await call(app, { method: 'DELETE', path: `${M}/mem_ben` })
    await invite(app, accounts.liu.email)
    const full = await operatorOf(app).post(`${path}/mem_ben/restore`)
    assert.equal(full.status, 409)
    await app.assertEvents('membership.deleted', 'membership.created')
  })
})
