// Memberships as operators see them: with their status, owners included, and removals that can be taken back.

import assert from 'node:assert/strict'
import test from 'node:test'
import { ACME, assertProblem, type Body, operatorOf } from './operator.ts'
import { DAY, HOUR, MINUTE, startApp } from './support.ts'

const base = '/aftership/organizations/org_acme/memberships'
const SEEDED = '2026-03-04T09:30:00.000Z'

async function start(seed = ACME) {
  const app = await startApp(seed)
  return { app, operator: operatorOf(app) }
}

const seats = ACME.replace('name: Acme\n', 'name: Acme\n      seats: 3\n')

test('memberships are created, read and listed with their status', async () => {
  const { app, operator } = await start()
  const pending = await operator.post(base, { email: 'NINA@acme.test', role: 'manager' })
  assert.equal(pending.status, 201)
  const { id } = pending.body
  assert.match(String(id), /^[0-9a-f]{32}$/)
  assert.deepEqual(pending.body, {
    id,
    organization: { id: 'org_acme' },
    account: { id: 'acc_nina', email: 'nina@acme.test' },
    role: { code: 'manager', name: 'Manager' },
    status: 'pending',
    createdAt: SEEDED,
    updatedAt: SEEDED,
    deletedAt: null,
  })
  const [event, ...more] = await app.newEvents()
  assert.deepEqual(more, [])
  assert.deepEqual([event?.type, event?.subject, event?.tenant], ['membership.created', id, 'org_acme'])
  const { organization, account, role } = pending.body
  assert.deepEqual(event?.data, { membership: { id, organization, account, role } })
  assert.equal((await app.mailsTo('nina@acme.test')).length, 1)
  assert.deepEqual((await operator.get(`${base}/${id}`)).body, pending.body)

  const idsOf = async (query: string) => {
    const { body } = await operator.get<{ data: Body[] }>(base + query)
    return body.data.map(membership => membership.id)
  }
  assert.deepEqual(await idsOf(''), ['m_owner', 'm_jane', id])
  assert.deepEqual(await idsOf('?status=active'), ['m_owner', 'm_jane'])
  assert.deepEqual(await idsOf('?status=pending'), [id])
  assert.deepEqual(await idsOf('?status=deleted'), [])
  const errors = assertProblem(await operator.get(`${base}?status=gone`), 422, 'invalid')
  assert.ok(Array.isArray(errors))
  assert.deepEqual(
    errors.map(({ path, problem }) => [path, problem]),
    [['status', 'invalid']],
    'a field that is wrong is named once',
  )
})

test('an operator may appoint an owner, pin the id and say that nobody need confirm', async () => {
  const { app, operator } = await start()
  const input = { id: 'm_pinned', email: 'nina@acme.test', role: 'owner', status: 'active' }
  const { status, body } = await operator.post(base, input)
  assert.deepEqual([status, body.id, body.status], [201, 'm_pinned', 'active'])
  await app.assertEvents('membership.created')
  assert.deepEqual(await app.mailsTo('nina@acme.test'), [])
})

test('what the rules refuse changes nothing', async () => {
  const { app, operator } = await start(seats)
  const invite = (body: object) => operator.post(base, { role: 'member', ...body })
  const path = (name: string) => [{ path: name, problem: 'invalid' }]
  assertProblem(await invite({ email: 'nobody@acme.test' }), 422, 'accountUnknown')
  assert.deepEqual(assertProblem(await invite({ email: 'new@acme.test' }), 422, 'accountUnverified'), path('email'))
  const noRole = await invite({ email: 'nina@acme.test', role: 'chief' })
  assert.deepEqual(assertProblem(noRole, 422, 'roleUnknown'), path('role'))
  assertProblem(await invite({ email: 'jane@acme.test' }), 409, 'conflict')
  assertProblem(await invite({ id: 'm_jane', email: 'nina@acme.test' }), 409, 'conflict')
  await app.assertEvents()

  assert.equal((await invite({ email: 'nina@acme.test' })).status, 201)
  await operator.post('/aftership/accounts', { email: 'fourth@acme.test' })
  await app.newEvents()
  assertProblem(await invite({ email: 'fourth@acme.test' }), 409, 'seatsExhausted')
  await app.assertEvents()
})

test("anyone's role is changed, an owner's too; to the same one without an event", async () => {
  const { app, operator } = await start()
  app.clock.advance(MINUTE)
  const demoted = await operator.patch(`${base}/m_owner`, { role: 'member' })
  assert.equal(demoted.status, 200)
  assert.deepEqual(demoted.body.role, { code: 'member', name: 'Member' })
  assert.deepEqual([demoted.body.createdAt, demoted.body.updatedAt], [SEEDED, '2026-03-04T09:31:00.000Z'])
  await app.assertEvents('membership.updated')
  assert.equal((await operator.patch(`${base}/m_jane`, { role: 'owner' })).status, 200)
  await app.assertEvents('membership.updated')
  assert.equal((await operator.patch(`${base}/m_jane`, { role: 'owner' })).status, 200)
  assertProblem(await operator.patch(`${base}/m_jane`, { role: 'chief' }), 422, 'roleUnknown')
  await app.assertEvents()
})

test('a removal is taken back as a whole: the membership as it was, and the keys that ended with it', async () => {
  const { app, operator } = await start()
  const makeKey = async (name: string) => {
    const { body } = await operator.post<{ key: Body; apiKey: string }>('/aftership/organizations/org_acme/keys', {
      name,
      mode: 'api_key',
      holder: 'Jane@acme.test',
    })
    const works = async () => {
      const reply = await app.request({ url: '/admin/2022-01/roles', headers: { 'as-api-key': body.apiKey } })
      return reply.statusCode === 200
    }
    return { id: body.key.id, works }
  }
  const kept = await makeKey('kept')
  const disabled = await makeKey('disabled before')
  await operator.post(`/keys/${disabled.id}/disable`)
  const before = (await operator.get(`${base}/m_jane`)).body
  await app.newEvents()

  app.clock.advance(HOUR)
  const removed = await operator.delete(`${base}/m_jane`)
  assert.deepEqual([removed.status, removed.body], [204, null])
  const [deleted, ended, ...more] = await app.newEvents()
  assert.deepEqual([deleted?.type, deleted?.subject, deleted?.data.reason], ['membership.deleted', 'm_jane', 'removed'])
  assert.deepEqual(
    [ended?.type, ended?.subject, ended?.data.cause],
    ['credential.disabled', kept.id, 'membership:m_jane'],
  )
  assert.deepEqual(
    more.filter(event => event.subject === kept.id),
    [],
  )
  assert.equal(await kept.works(), false)
  for (const answer of [await operator.get(`${base}/m_jane`), await operator.delete(`${base}/m_jane`)]) {
    assertProblem(answer, 404, 'notFound')
  }
  const gone = await operator.get<{ data: Body[] }>(`${base}?status=deleted`)
  assert.deepEqual(gone.body.data, [{ ...before, deletedAt: '2026-03-04T10:30:00.000Z' }])
  await app.assertEvents()

  const restored = await operator.post(`${base}/m_jane/restore`)
  assert.deepEqual([restored.status, restored.body], [200, before])
  const events = await app.newEvents()
  assert.deepEqual([events[0]?.type, events[0]?.subject], ['membership.restored', 'm_jane'])
  assert.deepEqual([events[1]?.type, events[1]?.subject], ['credential.enabled', kept.id])
  assert.deepEqual([await kept.works(), await disabled.works()], [true, false])
  assert.deepEqual((await operator.get<{ data: Body[] }>(`${base}?status=deleted`)).body.data, [])
  assertProblem(await operator.post(`${base}/m_jane/restore`), 409, 'conflict')
  await app.assertEvents()
})

test('a removal cannot be taken back when its seat or its account is taken, or when it was forgotten', async () => {
  const { app, operator } = await start(seats)
  await operator.delete(`${base}/m_jane`)
  const again = await operator.post(base, { email: 'jane@acme.test', role: 'member', status: 'active' })
  await app.newEvents()
  assertProblem(await operator.post(`${base}/m_jane/restore`), 409, 'conflict')
  await operator.delete(`${base}/${again.body.id}`)
  for (const email of ['nina@acme.test', 'third@acme.test']) {
    await operator.post('/aftership/accounts', { email })
    await operator.post(base, { email, role: 'member', status: 'active' })
  }
  await app.newEvents()
  assertProblem(await operator.post(`${base}/m_jane/restore`), 409, 'seatsExhausted')
  await app.assertEvents()

  app.clock.advance(30 * DAY + HOUR)
  await app.app.runJobs()
  const events = await app.newEvents()
  const purged = events.filter(({ type }) => type === 'membership.purged').map(({ subject }) => subject)
  assert.deepEqual(purged.sort(), [again.body.id, 'm_jane'].sort())
  assertProblem(await operator.post(`${base}/m_jane/restore`), 404, 'notFound')
  assert.deepEqual(
    (await operator.get<{ data: Body[] }>(`${base}?status=deleted`)).body.data.map(({ id }) => id).sort(),
    [],
  )
  await app.assertEvents()
})

test('an invitation is sent again with a new link, and the old one ends', async () => {
  const { app, operator } = await start()
  const { body } = await operator.post(base, { email: 'nina@acme.test', role: 'member' })
  app.clock.advance(MINUTE)
  await app.newEvents()
  const resent = await operator.post(`${base}/${body.id}/resend-invitation`)
  assert.deepEqual([resent.status, resent.body], [204, null])
  await app.assertEvents('invitation.resent')

  const mails = await app.mailsTo('nina@acme.test')
  assert.equal(mails.length, 2)
  const [newer = '', older = ''] = mails.map(({ text }) => /\/invitations\/\S+/.exec(text)?.[0])
  assert.notEqual(newer, older)
  assert.equal((await app.request({ url: older })).statusCode, 410)
  assert.equal((await app.request({ url: newer })).statusCode, 200)
  assert.equal((await app.request({ method: 'POST', url: newer })).statusCode, 200)
  await app.assertEvents('membership.activated')
  assert.equal((await operator.get(`${base}/${body.id}`)).body.status, 'active')
  assertProblem(await operator.post(`${base}/${body.id}/resend-invitation`), 409, 'conflict')
  await app.assertEvents()
})

test('a restored invitation is sent anew', async () => {
  const { app, operator } = await start()
  const { body } = await operator.post(base, { email: 'nina@acme.test', role: 'member' })
  await operator.delete(`${base}/${body.id}`)
  const restored = await operator.post(`${base}/${body.id}/restore`)
  assert.equal(restored.body.status, 'pending')
  assert.equal((await app.mailsTo('nina@acme.test')).length, 2)
  await app.assertEvents('membership.created', 'membership.deleted', 'membership.restored')
})

test("what is not there, or another organization's, is 404", async () => {
  const { app, operator } = await start()
  await operator.post('/aftership/organizations', { id: 'org_other', name: 'Other' })
  await app.newEvents()
  for (const organization of ['org_other', 'org_none']) {
    const there = `/aftership/organizations/${organization}/memberships/m_jane`
    for (const answer of [
      await operator.get(there),
      await operator.patch(there, { role: 'admin' }),
      await operator.delete(there),
      await operator.post(`${there}/restore`),
      await operator.post(`${there}/resend-invitation`),
    ]) {
      assertProblem(answer, 404, 'notFound')
    }
  }
  const none = '/aftership/organizations/org_none/memberships'
  assertProblem(await operator.get(none), 404, 'notFound')
  assertProblem(await operator.post(none, { email: 'nina@acme.test', role: 'member' }), 404, 'notFound')
  await app.assertEvents()
})
