// A person who leaves: every key and token that they hold stops at once, and only that comes back with them.

import assert from 'node:assert/strict'
import test from 'node:test'
import { sql } from 'kysely'
import { inTurn, testOnPostgres } from './nodes.support.ts'
import { ACME, assertProblem, type Body, operatorOf, walk } from './operator.ts'
import { startApp } from './support.ts'

interface Held {
  holder: string
  keys: (Body & { id: string; name: string })[]
}

async function start() {
  const app = await startApp(ACME)
  const operator = operatorOf(app)
  const make = async (name: string, holder?: string) => {
    const path = '/aftership/organizations/org_acme/keys'
    const { body } = await operator.post<{ key: { id: string }; apiKey: string }>(path, {
      name,
      mode: 'api_key',
      holder,
    })
    const status = async () => {
      const headers = { 'as-api-key': body.apiKey }
      return (await app.request({ url: '/admin/2022-01/roles', headers })).statusCode
    }
    return { id: body.key.id, status }
  }
  return { app, operator, make }
}

test('an offboarded person holds nothing that works; a restored one what that took, and nothing else', async () => {
  const { app, operator, make } = await start()
  const theirs = await make('theirs', 'jane@acme.test')
  const disabled = await make('disabled before', 'jane@acme.test')
  const another = await make("another's", 'nina@acme.test')
  const nobodys = await make("nobody's")
  await operator.post(`/keys/${disabled.id}/disable`)
  const { body } = await operator.post<{ key: { id: string }; token: string }>('/tokens', {
    name: 'hers',
    scope: 'read',
    holder: 'jane@acme.test',
  })
  const tokenStatus = async () => (await operatorOf(app, body.token).get('/events')).status
  const statuses = async () => [
    await theirs.status(),
    await disabled.status(),
    await another.status(),
    await nobodys.status(),
    await tokenStatus(),
  ]
  assert.deepEqual(await statuses(), [200, 401, 200, 200, 200])
  await app.newEvents()

  const cause = 'offboarding:jane@acme.test'
  const gone = await operator.post<Held>('/holders/JANE@acme.test/offboard')
  assert.equal(gone.status, 200)
  assert.deepEqual(
    gone.body.keys.map(({ name, active, disabledBy }) => [name, active, disabledBy]),
    [
      ['theirs', false, [cause]],
      ['disabled before', false, ['operator', cause]],
      ['hers', false, [cause]],
    ],
  )
  assert.deepEqual(await statuses(), [401, 401, 200, 200, 401])
  const events = await app.newEvents()
  assert.deepEqual(
    events.map(({ type, subject, data }) => [type, subject, data.cause]),
    [
      ['credential.disabled', theirs.id, cause],
      ['credential.cause_added', disabled.id, cause],
      ['credential.disabled', body.key.id, cause],
    ],
  )
  await operator.post('/holders/jane@acme.test/offboard')
  await app.assertEvents()
  await operator.post(`/keys/${theirs.id}/enable`)
  assert.equal(await theirs.status(), 401, 'enabling takes back a disabling, and no offboarding')

  const back = await operator.post<Held>('/holders/jane@acme.test/restore')
  assert.deepEqual(
    back.body.keys.map(({ name, active }) => [name, active]),
    [
      ['theirs', true],
      ['disabled before', false],
      ['hers', true],
    ],
  )
  assert.deepEqual(await statuses(), [200, 401, 200, 200, 200])
  await app.assertEvents('credential.enabled', 'credential.cause_removed', 'credential.enabled')
  assert.deepEqual((await operator.post<Held>('/holders/jane@acme.test/restore')).body.keys, [])
  await app.assertEvents()
})

test('an offboarding that is interrupted between two vendors leaves nothing of it, and so does a return', async () => {
  const { app, operator, make } = await start()
  const { db } = app.app.context
  const key = await make('theirs', 'jane@acme.test')
  const interrupted = async (what: 'offboard' | 'restore') => {
    // AfterShip comes first, Memberstack last.
    await sql`alter table memberstack_members rename to members_away`.execute(db)
    const { status } = await operator.post(`/holders/jane@acme.test/${what}`)
    await sql`alter table members_away rename to memberstack_members`.execute(db)
    assert.ok(status >= 500)
  }
  await app.newEvents()
  await interrupted('offboard')
  await app.assertEvents()
  assert.equal(await key.status(), 200)
  await operator.post('/holders/jane@acme.test/offboard')
  await app.assertEvents('credential.disabled')
  await interrupted('restore')
  await app.assertEvents()
  assert.equal(await key.status(), 401)
})

testOnPostgres('a key that is deleted beside them stops neither an offboarding nor a return', async () => {
  const { app, operator, make } = await start()
  const keys = [await make('first', 'jane@acme.test'), await make('second', 'jane@acme.test')]
  const kept = await make('kept', 'jane@acme.test')
  for (const what of ['offboard', 'restore']) {
    const { id = '' } = keys.shift() ?? {}
    await app.newEvents()
    const answers = await inTurn<{ status: number }>(app, `update credentials set name = name where id = '${id}'`, [
      () => operator.delete(`/keys/${id}`),
      () => operator.post(`/holders/jane@acme.test/${what}`),
    ])
    assert.deepEqual(
      answers.map(({ status }) => status),
      [204, 200],
    )
    const type = what === 'offboard' ? 'credential.disabled' : 'credential.enabled'
    await app.assertEvents('credential.deleted', ...[...keys, kept].map(() => type))
  }
  assert.equal(await kept.status(), 200)
})

test('a key that two removals disabled works again when both were taken back', async () => {
  const { app, operator, make } = await start()
  const key = await make('theirs', 'jane@acme.test')
  const membership = '/aftership/organizations/org_acme/memberships/m_jane'
  await operator.delete(membership)
  await operator.post('/holders/jane@acme.test/offboard')
  await operator.post(`${membership}/restore`)
  assert.equal(await key.status(), 401)
  await app.newEvents()
  await operator.post('/holders/jane@acme.test/restore')
  assert.equal(await key.status(), 200)
  await app.assertEvents('credential.enabled')
})

test('who holds a key can be said, changed and taken back', async () => {
  const { app, operator, make } = await start()
  const { id } = await make('plain')
  await app.newEvents()
  const put = (holder: unknown) => operator.call('PUT', `/keys/${id}/holder`, { holder })
  assert.equal((await put(' Nina@Acme.test')).body.holder, 'nina@acme.test')
  await app.assertEvents('credential.updated')
  assert.equal((await put('nina@acme.test')).status, 200)
  await app.assertEvents()
  assert.deepEqual(
    (await walk(operator, '/keys?holder=nina@acme.test', 200)).map(key => key.id),
    [id],
  )
  assert.equal((await put(null)).body.holder, null)
  await app.assertEvents('credential.updated')

  assertProblem(await put('nobody'), 422, 'invalid')
  assertProblem(await operator.call('PUT', '/keys/none/holder', { holder: null }), 404, 'notFound')
  await app.assertEvents()
})

test('nobody in particular holds nothing; what is no email is refused', async () => {
  const { app, operator } = await start()
  for (const act of ['offboard', 'restore']) {
    const { status, body } = await operator.post(`/holders/stranger@acme.test/${act}`)
    assert.deepEqual([status, body], [200, { holder: 'stranger@acme.test', keys: [] }])
    assertProblem(await operator.post(`/holders/stranger/${act}`), 422, 'invalid')
  }
  await app.assertEvents()
})

test('keys of Memberstack apps end with their holder, in every app and environment, and come back with them', async () => {
  const holder = 'jane@acme.test'
  const seed = { apps: ['one', 'two'].map(name => ({ id: `app_${name}`, name, keys: {} })) }
  const app = await startApp(`${ACME}memberstack: ${JSON.stringify(seed)}\n`)
  const operator = operatorOf(app)
  const make = async (id: string, kind: string, environment: string, person?: string) => {
    const body = { kind, environment, holder: person }
    const made = await operator.post<{ key: { id: string }; apiKey: string }>(`/memberstack/apps/${id}/keys`, body)
    const url = kind === 'secret' ? '/members' : '/app'
    const status = async () => (await app.request({ url, headers: { 'x-api-key': made.body.apiKey } })).statusCode
    return { id: made.body.key.id, status }
  }
  const theirs = [
    await make('app_one', 'secret', 'sandbox', holder),
    await make('app_one', 'public', 'live', 'Jane@Acme.test'),
    await make('app_two', 'secret', 'live', holder),
  ]
  const others = [await make('app_one', 'secret', 'sandbox', 'nina@acme.test'), await make('app_two', 'public', 'live')]
  const statuses = () => Promise.all([...theirs, ...others].map(({ status }) => status()))
  assert.deepEqual(await statuses(), [200, 200, 200, 200, 200])
  await app.newEvents()

  const gone = await operator.post<Held>(`/holders/${holder}/offboard`)
  assert.deepEqual(
    gone.body.keys.map(({ id, active }) => [id, active]),
    theirs.map(({ id }) => [id, false]),
  )
  assert.deepEqual(await statuses(), [401, 401, 401, 200, 200])
  const events = await app.newEvents()
  assert.deepEqual(
    events.map(({ type, vendor, tenant, subject }) => [type, vendor, tenant, subject]),
    theirs.map(({ id }, index) => ['credential.disabled', 'memberstack', index < 2 ? 'app_one' : 'app_two', id]),
  )
  await operator.post(`/holders/${holder}/restore`)
  assert.deepEqual(await statuses(), [200, 200, 200, 200, 200])
  await app.assertEvents('credential.enabled', 'credential.enabled', 'credential.enabled')
})
