// What members allowed OAuth apps to do, as operators see it: listed with its state, and ended for good.

import assert from 'node:assert/strict'
import test from 'node:test'
import { connect, membersStatus, OAUTH_SEED } from './aftership.oauth.browser.ts'
import { inTurn, testOnPostgres } from './nodes.support.ts'
import { assertProblem, operatorOf, walk } from './operator.ts'
import { startApp } from './support.ts'

test('a grant is listed, and ended by an operator at once and for good; again without an event', async () => {
  const app = await startApp(OAUTH_SEED)
  const operator = operatorOf(app)
  const tokens = await connect(app)
  assert.equal(await membersStatus(app, tokens.access_token), 200)

  const grants = '/aftership/organizations/northwind/grants'
  const [grant, ...more] = await walk(operator, grants, 200)
  assert.ok(grant)
  assert.deepEqual(more, [])
  assert.deepEqual([grant.appId, grant.accountId, grant.endedAt], ['partner_app', 'acc_adam', null])
  assert.deepEqual(grant.scopes, ['aftership:members:read'])
  const shown = JSON.stringify(grant)
  for (const token of [tokens.access_token, tokens.refresh_token]) assert.equal(shown.includes(token), false)
  assert.deepEqual(await walk(operator, '/aftership/organizations/contoso/grants', 200), [])
  await app.newEvents()

  assertProblem(await operator.delete(`/aftership/organizations/contoso/grants/${grant.id}`), 404, 'notFound')
  assert.equal(await membersStatus(app, tokens.access_token), 200)
  await app.assertEvents()
  for (const _twice of [1, 2]) {
    const { status, body } = await operator.delete(`${grants}/${grant.id}`)
    assert.deepEqual([status, body], [204, null])
  }
  const [event, ...others] = await app.newEvents()
  assert.deepEqual(others, [])
  assert.deepEqual([event?.type, event?.subject, event?.tenant], ['grant.ended', grant.id, 'northwind'])
  assert.equal(await membersStatus(app, tokens.access_token), 401)
  const [ended] = await walk(operator, grants, 200)
  assert.deepEqual([ended?.id, ended?.endedAt, ended?.endedBy], [grant.id, '2026-03-04T09:30:00.000Z', 'operator'])
  for (const path of ['/aftership/organizations/none/grants', `${grants}/none`]) {
    assertProblem(await operator.call(path.endsWith('grants') ? 'GET' : 'DELETE', path), 404, 'notFound')
  }
})

const ROW = 'update aftership_grants set id = id'
const membership = '/aftership/organizations/northwind/memberships/m_adam'

testOnPostgres('a removal beside an offboarding does not let the grant of who left come back', async () => {
  const app = await startApp(OAUTH_SEED)
  const operator = operatorOf(app)
  const { access_token: token } = await connect(app)
  await app.newEvents()
  await inTurn(app, ROW, [
    () => operator.post('/holders/adam@northwind.test/offboard'),
    () => operator.delete(membership),
  ])
  await operator.post(`${membership}/restore`)
  await app.assertEvents('grant.ended', 'membership.deleted', 'membership.restored')
  assert.equal(await membersStatus(app, token), 401)
})

testOnPostgres('a restored membership brings no grant back whose app is deleted beside it', async () => {
  const app = await startApp(OAUTH_SEED)
  const operator = operatorOf(app)
  const { access_token: token } = await connect(app)
  await operator.delete(membership)
  await app.newEvents()
  await inTurn(app, ROW, [
    () => operator.delete('/aftership/apps/partner_app'),
    () => operator.post(`${membership}/restore`),
  ])
  await app.assertEvents('app.deleted', 'grant.ended', 'membership.restored')
  assert.equal(await membersStatus(app, token), 401)
})

testOnPostgres('grants that two things end at once end once', async () => {
  const app = await startApp(OAUTH_SEED)
  const operator = operatorOf(app)
  for (const organization of ['northwind', 'contoso']) await connect(app, { organization })
  await app.newEvents()
  const answers = await inTurn(app, ROW, [
    () => operator.delete('/aftership/apps/partner_app'),
    () => operator.post('/holders/adam@northwind.test/offboard'),
  ])
  assert.deepEqual(
    answers.map(({ status }) => status),
    [204, 200],
  )
  await app.assertEvents('app.deleted', 'grant.ended', 'grant.ended')
})
