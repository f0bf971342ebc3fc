// The control API's organizations, roles, webhook endpoints and accounts: each change, its answer and its event.

import assert from 'node:assert/strict'
import test, { beforeEach } from 'node:test'
import { ACME, assertProblem, type Body, operatorOf } from './operator.ts'
import { startApp } from './support.ts'

const NOW = '2026-03-04T09:30:00.000Z'
const app = await startApp(ACME)
const operator = operatorOf(app)
beforeEach(() => app.newEvents())

const orgs = '/aftership/organizations'
const acme = `${orgs}/org_acme`

/** Asserts that exactly one event was written, this one, by the operator's token, and gives its data. */
async function assertOneEvent(type: string, subject: string, tenant: string): Promise<Body> {
  const [event, ...more] = await app.newEvents()
  assert.ok(event)
  assert.deepEqual(more, [])
  assert.deepEqual([event.type, event.subject, event.tenant, event.vendor], [type, subject, tenant, 'aftership'])
  assert.match(event.actor, /^token:[0-9a-f]{32}$/)
  assert.equal(event.createdAt, NOW)
  return event.data
}

test('an organization is made with the default roles, read, listed and changed', async () => {
  const made = await operator.post(orgs, { name: 'Contoso' })
  assert.equal(made.status, 201)
  const { id } = made.body
  assert.match(String(id), /^[0-9a-f]{32}$/)
  const expected = { id, name: 'Contoso', invitations: 'verify', seats: null, requestsPerSecond: 10, createdAt: NOW }
  assert.deepEqual(made.body, expected)
  assert.deepEqual(await assertOneEvent('organization.created', String(id), String(id)), { organization: expected })
  assert.deepEqual((await operator.get(`${orgs}/${id}`)).body, expected)
  const roles = await operator.get(`${orgs}/${id}/roles`)
  assert.deepEqual(roles.body, {
    data: [
      { code: 'owner', name: 'Owner' },
      { code: 'admin', name: 'Admin' },
      { code: 'member', name: 'Member' },
    ],
    next: null,
  })

  const settings = { name: 'Contoso Ltd', invitations: 'automatic', seats: 3, requestsPerSecond: 50 }
  const changed = await operator.patch(`${orgs}/${id}`, settings)
  assert.deepEqual([changed.status, changed.body], [200, { ...expected, ...settings }])
  assert.deepEqual(await assertOneEvent('organization.updated', String(id), String(id)), {
    organization: { ...expected, ...settings },
  })
  const unlimited = await operator.patch(`${orgs}/${id}`, { seats: null })
  assert.deepEqual(unlimited.body, { ...expected, ...settings, seats: null }, 'what is not named stays')
  await app.assertEvents('organization.updated')
})

test('settings that are as they were: 200, and no event', async () => {
  for (const body of [{}, { name: 'Acme' }, { seats: null, invitations: 'verify', requestsPerSecond: 10 }]) {
    const { status, body: found } = await operator.patch(acme, body)
    assert.deepEqual([status, found.name], [200, 'Acme'])
  }
  await app.assertEvents()
})

test('a pinned id is kept; taken a second time it is a conflict', async () => {
  const all = { id: 'org_pinned', name: 'Pinned', invitations: 'automatic', seats: 0, requestsPerSecond: 1 }
  assert.deepEqual((await operator.post(orgs, all)).body, { ...all, createdAt: NOW })
  await app.assertEvents('organization.created')
  assertProblem(await operator.post(orgs, all), 409, 'conflict')
  await app.assertEvents()
})

test('a rate limit holds for keys from its change on', async () => {
  const limit = async () => {
    const reply = await app.request({ url: '/admin/2022-01/roles', headers: { 'as-api-key': 'as_plain_key' } })
    return reply.headers['ratelimit-limit']
  }
  assert.equal(await limit(), '10')
  await operator.patch(acme, { requestsPerSecond: 77 })
  assert.equal(await limit(), '77')
  await operator.patch(acme, { requestsPerSecond: 10 })
  assert.equal(await limit(), '10')
})

test('a role is made, renamed and removed; on the wire too', async () => {
  const roles = `${acme}/roles`
  const made = await operator.post(roles, { code: 'auditor', name: 'Auditor' })
  assert.deepEqual([made.status, made.body], [201, { code: 'auditor', name: 'Auditor' }])
  assert.deepEqual(await assertOneEvent('role.created', 'auditor', 'org_acme'), { role: made.body })
  assertProblem(await operator.post(roles, { code: 'auditor', name: 'Another' }), 409, 'conflict')
  await app.assertEvents()

  const renamed = await operator.patch(`${roles}/auditor`, { name: 'Inspector' })
  assert.deepEqual([renamed.status, renamed.body], [200, { code: 'auditor', name: 'Inspector' }])
  assert.deepEqual(await assertOneEvent('role.updated', 'auditor', 'org_acme'), { role: renamed.body })
  assert.equal((await operator.patch(`${roles}/auditor`, { name: 'Inspector' })).status, 200)
  await app.assertEvents()
  const wire = await app.request({ url: '/admin/2022-01/roles', headers: { 'as-api-key': 'as_plain_key' } })
  assert.deepEqual(wire.json().data.roles.at(-1), { code: 'auditor', name: 'Inspector' })

  const removed = await operator.delete(`${roles}/auditor`)
  assert.deepEqual([removed.status, removed.body], [204, null])
  assert.deepEqual(await assertOneEvent('role.deleted', 'auditor', 'org_acme'), { role: renamed.body })
  assertProblem(await operator.delete(`${roles}/auditor`), 404, 'notFound')
  await app.assertEvents()
})

test('a role that a member has cannot be removed; one that only a removed member had can', async () => {
  await operator.post(`${acme}/memberships`, {
    id: 'm_nina',
    email: 'nina@acme.test',
    role: 'manager',
    status: 'active',
  })
  await app.newEvents()
  assertProblem(await operator.delete(`${acme}/roles/manager`), 409, 'conflict')
  await app.assertEvents()

  await operator.delete(`${acme}/memberships/m_nina`)
  await app.newEvents()
  assert.equal((await operator.delete(`${acme}/roles/manager`)).status, 204)
  await app.assertEvents('role.deleted')
  const restored = await operator.post<{ role: Body }>(`${acme}/memberships/m_nina/restore`)
  assert.deepEqual(restored.body.role, { code: 'member', name: 'Member' }, 'restored with the least of roles')
})

test('the default roles can be renamed, and not removed', async () => {
  for (const code of ['owner', 'admin', 'member']) {
    assertProblem(await operator.delete(`${acme}/roles/${code}`), 409, 'conflict')
  }
  await app.assertEvents()
  assert.equal((await operator.patch(`${acme}/roles/admin`, { name: 'Chief' })).status, 200)
  await app.assertEvents('role.updated')
})

test('a webhook endpoint is registered, listed and removed, and its secret is never shown', async () => {
  const webhooks = `${acme}/webhooks`
  const url = 'https://receiver.test/hooks/path-secret'
  const made = await operator.post(webhooks, { url, secret: 'a webhook secret', events: ['membership.created'] })
  assert.equal(made.status, 201)
  const { id } = made.body
  const expected = {
    id,
    url,
    events: ['membership.created'],
    disabledAt: null,
    lastSuccessAt: null,
    createdAt: NOW,
    updatedAt: NOW,
  }
  assert.deepEqual(made.body, expected)
  assert.deepEqual(await assertOneEvent('webhook.created', String(id), 'org_acme'), { id, host: 'receiver.test' })
  assert.deepEqual((await operator.get(webhooks)).body, { data: [expected], next: null })
  assert.equal(
    app.log.some(line => line.trap === 'no-membership-webhooks'),
    true,
  )

  const all = await operator.post(webhooks, { url: 'http://receiver.test/x', secret: 'a webhook secret' })
  assert.deepEqual(all.body.events, [], 'all events')
  await app.assertEvents('webhook.created')
  assert.equal((await operator.delete(`${webhooks}/${id}`)).status, 204)
  assert.deepEqual(await assertOneEvent('webhook.deleted', String(id), 'org_acme'), { id })
  assertProblem(await operator.delete(`${webhooks}/${id}`), 404, 'notFound')
  assertProblem(await operator.delete(`${orgs}/org_pinned/webhooks/${all.body.id}`), 404, 'notFound')
  await app.assertEvents()
})

test('an organization has 50 webhook endpoints at most', async () => {
  const webhooks = `${orgs}/org_pinned/webhooks`
  const body = { url: 'https://receiver.test/', secret: 'a webhook secret' }
  for (let count = 0; count < 50; count++) assert.equal((await operator.post(webhooks, body)).status, 201)
  await app.newEvents()
  assertProblem(await operator.post(webhooks, body), 409, 'conflict')
  await app.assertEvents()
})

test('an account is registered, found by its email in any case, and said to be verified or not', async () => {
  const accounts = '/aftership/accounts'
  const made = await operator.post(accounts, { id: 'acc_pinned', email: 'Pat@Acme.test', verified: false })
  const expected = { id: 'acc_pinned', email: 'Pat@Acme.test', verified: false, createdAt: NOW }
  assert.deepEqual([made.status, made.body], [201, expected])
  const event = { account: { id: 'acc_pinned', email: 'Pat@Acme.test', verified: false } }
  assert.deepEqual(await assertOneEvent('account.created', 'acc_pinned', ''), event)
  assert.deepEqual((await operator.get(`${accounts}/acc_pinned`)).body, expected)
  assert.deepEqual((await operator.get(`${accounts}?email=pat@ACME.test`)).body, { data: [expected], next: null })
  assert.deepEqual((await operator.get(`${accounts}?email=nobody@acme.test`)).body, { data: [], next: null })

  for (const body of [{ email: ' pat@acme.test ' }, { id: 'acc_pinned', email: 'other@acme.test' }]) {
    assertProblem(await operator.post(accounts, body), 409, 'conflict')
  }
  await app.assertEvents()

  const verified = await operator.patch(`${accounts}/acc_pinned`, { verified: true })
  assert.deepEqual([verified.status, verified.body], [200, { ...expected, verified: true }])
  assert.deepEqual(await assertOneEvent('account.updated', 'acc_pinned', ''), {
    account: { ...event.account, verified: true },
  })
  assert.equal((await operator.patch(`${accounts}/acc_pinned`, { verified: true })).status, 200)
  await app.assertEvents()
  const { body } = await operator.post(accounts, { email: 'made@acme.test' })
  assert.match(String(body.id), /^[0-9a-f]{32}$/)
  assert.equal(body.verified, true, 'unless said otherwise')
})

test('what does not exist is 404, whatever is asked of it', async () => {
  await app.newEvents()
  const none = `${orgs}/none`
  const calls: [method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object][] = [
    ['GET', none],
    ['PATCH', none, { name: 'None' }],
    ['POST', `${none}/keys`, { name: 'none', mode: 'api_key' }],
    ['GET', `${none}/roles`],
    ['POST', `${none}/roles`, { code: 'none', name: 'None' }],
    ['PATCH', `${none}/roles/admin`, { name: 'None' }],
    ['PATCH', `${acme}/roles/none`, { name: 'None' }],
    ['DELETE', `${acme}/roles/none`],
    ['GET', `${none}/webhooks`],
    ['POST', `${none}/webhooks`, { url: 'https://none.test', secret: 'a webhook secret' }],
    ['GET', '/aftership/accounts/none'],
    ['PATCH', '/aftership/accounts/none', { verified: true }],
    ['GET', '/aftership/nothing'],
    ['DELETE', acme],
  ]
  for (const [method, path, body] of calls) {
    assertProblem(await operator.call(method, path, body), 404, 'notFound')
  }
  await app.assertEvents()
})
