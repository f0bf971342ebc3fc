// Keys of Memberstack apps: made by the operator, of four kinds, each for one API in one environment, shown once.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ACME, APPS, assertOneEvent, fieldsOf, start } from './memberstack.control.support.ts'
import { assertRefused, call, callClient, ids, type Json, ok, START } from './memberstack.support.ts'
import { assertProblem, type Body, type Operator } from './operator.ts'
import { SECOND } from './support.ts'

interface MadeKey {
  key: Body & { id: string }
  apiKey: string
}

async function makeKey(operator: Operator, body: object): Promise<MadeKey> {
  const made = await operator.post<MadeKey>(`${ACME}/keys`, body)
  assert.equal(made.status, 201, JSON.stringify(made.body))
  return made.body
}

const kinds = [
  { kind: 'secret', environment: 'sandbox', form: /^sk_sb_[\w-]{32}$/ },
  { kind: 'secret', environment: 'live', form: /^sk_live_[\w-]{32}$/ },
  { kind: 'public', environment: 'sandbox', form: /^pk_sb_[\w-]{32}$/ },
  { kind: 'public', environment: 'live', form: /^pk_live_[\w-]{32}$/ },
] as const
for (const { kind, environment, form } of kinds) {
  test(`a ${kind} key of the ${environment} environment opens its API there, and is shown once`, async () => {
    const { app, operator } = await start()
    const { key, apiKey } = await makeKey(operator, { kind, environment })
    assert.match(apiKey, form)
    assert.deepEqual(key, {
      id: key.id,
      vendor: 'memberstack',
      tenant: ids.acme,
      owner: '',
      name: `${environment} ${kind} key`,
      mode: `${kind}:${environment}`,
      scopes: [],
      holder: null,
      fingerprint: key.fingerprint,
      active: true,
      disabledBy: [],
      createdAt: START,
      expiresAt: null,
      lastUsedAt: null,
      disabledAt: null,
    })
    const { fingerprint } = await assertOneEvent(app, 'credential.created', key.id, ids.acme)
    assert.equal(fingerprint, key.fingerprint)

    const members = await call(app, 'GET', '/members', { key: apiKey })
    const page = await callClient(app, 'GET', '/app', { key: apiKey })
    if (kind === 'secret') {
      assert.equal(members.body.totalCount, environment === 'sandbox' ? 2 : 1)
      assertRefused(page, 'publicKeyMissing')
    } else {
      assertRefused(members, 'secretKeyMissing')
      assert.deepEqual([page.body.data.id, page.body.data.mode], [ids.acme, environment])
    }
    const shown = [await operator.get(`/keys/${key.id}`), await operator.get('/keys'), await operator.get('/events')]
    assert.ok(!JSON.stringify([shown, app.log]).includes(apiKey))
  })
}

test('named and held; it works until it expires', async () => {
  const { app, operator } = await start()
  const expiresAt = new Date(app.clock.now() + SECOND).toISOString()
  const { key, apiKey } = await makeKey(operator, {
    name: 'Importer',
    kind: 'secret',
    environment: 'sandbox',
    holder: 'Jane@Acme.test',
    expiresAt,
  })
  assert.deepEqual([key.name, key.holder, key.expiresAt], ['Importer', 'jane@acme.test', expiresAt])
  await ok(app, 'GET', '/members', { key: apiKey })
  app.clock.advance(SECOND - 1)
  await ok(app, 'GET', '/members', { key: apiKey })
  app.clock.advance(1)
  assertRefused(await call(app, 'GET', '/members', { key: apiKey }), 'secretKeyUnknown')
  assert.equal((await operator.get<Json>(`/keys/${key.id}`)).body.active, false)
})

test('disabled, enabled and removed like every key, each from the next request on', async () => {
  const { app, operator } = await start()
  for (const [kind, path, refusal] of [
    ['secret', '/members', 'secretKeyUnknown'],
    ['public', '/app', 'publicKeyUnknown'],
  ] as const) {
    const { key, apiKey } = await makeKey(operator, { kind, environment: 'sandbox' })
    const status = async () => (await call(app, 'GET', path, { key: apiKey })).status
    assert.equal(await status(), 200)
    await operator.post(`/keys/${key.id}/disable`)
    assertRefused(await call(app, 'GET', path, { key: apiKey }), refusal)
    await operator.post(`/keys/${key.id}/enable`)
    assert.equal(await status(), 200)
    await operator.delete(`/keys/${key.id}`)
    assertRefused(await call(app, 'GET', path, { key: apiKey }), refusal)
  }
  const events = ['created', 'disabled', 'enabled', 'deleted'].map(what => `credential.${what}`)
  await app.assertEvents(...events, ...events)
})

test('what cannot be a key is refused; an app that is not there has none', async () => {
  const { app, operator } = await start()
  const fit = { kind: 'secret', environment: 'live' }
  for (const [body, path] of [
    [{ environment: 'live' }, 'kind'],
    [{ kind: 'secret' }, 'environment'],
    [{ ...fit, kind: 'admin' }, 'kind'],
    [{ ...fit, environment: 'test' }, 'environment'],
    [{ ...fit, key: 'sk_mine' }, 'key'],
    [{ ...fit, name: ' ' }, 'name'],
    [{ ...fit, holder: 'jane' }, 'holder'],
    [{ ...fit, expiresAt: 'tomorrow' }, 'expiresAt'],
  ] as const) {
    assert.deepEqual(fieldsOf(await operator.post(`${ACME}/keys`, body)), [path])
  }
  assertProblem(await operator.post(`${APPS}/app_none/keys`, fit), 404, 'notFound')
  await app.assertEvents()
})
