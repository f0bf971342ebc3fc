// Keys are found by age and by last use.

import assert from 'node:assert/strict'
import test from 'node:test'
import { operatorOf } from './operator.ts'
import { DAY, startApp } from './support.ts'

const SEED = `
aftership:
  organizations:
    - id: org_acme
      name: Acme
      keys:
        - { name: used, mode: api_key, key: as_age_used }
        - { name: unused, mode: api_key, key: as_age_unused }
control:
  tokens: [{ name: operator, scope: admin, token: ust_operator_token }]
`

test('keys are listed by when they were made and when they were last used', async () => {
  const app = await startApp(SEED)
  const operator = operatorOf(app, 'ust_operator_token')
  const names = async (filter: string) => {
    const { status, body } = await operator.get<{ data: { name: string }[] }>(`/keys?vendor=aftership&${filter}`)
    assert.equal(status, 200)
    return body.data.map(({ name }) => name)
  }
  const start = new Date(app.clock.now()).toISOString()
  app.clock.advance(10 * DAY)
  await app.request({ url: '/admin/2022-01/roles', headers: { 'as-api-key': 'as_age_used' } })
  await app.app.runJobs()
  await operator.post('/aftership/organizations/org_acme/keys', { name: 'new', mode: 'api_key' })
  const later = new Date(app.clock.now()).toISOString()

  assert.deepEqual(await names(`createdBefore=${start}`), [])
  assert.deepEqual(await names(`createdBefore=${later}`), ['used', 'unused'])
  assert.deepEqual(await names(`unusedSince=${later}`), ['unused', 'new'])
  assert.deepEqual(await names(`unusedSince=${later}&createdBefore=${later}`), ['unused'])
  const { status } = await operator.get('/keys?unusedSince=yesterday')
  assert.equal(status, 422)
})
