// What members allowed OAuth apps to do, as operators see it: listed with its state, and ended for good.

import assert from 'node:assert/strict'
import test from 'node:test'
import { connect, membersStatus, OAUTH_SEED } from './aftership.oauth.browser.ts'
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
