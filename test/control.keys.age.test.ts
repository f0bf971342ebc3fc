// Keys are found by age and by last use.

import assert from 'node:assert/strict'
import test from 'node:test'
import { saveUsage } from '../src/platform/credentials/save-usage.ts'
import { emptyDatabase, testOnPostgres } from './nodes.support.ts'
import { operatorOf } from './operator.ts'
import { TEMPLATE } from './postgres.ts'
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
testOnPostgres('noting uses gives way to who changes the same keys, and is done later', async server => {
  const database = await emptyDatabase(server, `template ${TEMPLATE} strategy file_copy`)
  const { app } = await startApp(SEED, {
    data: database.url,
    masterKey: new Uint8Array(32),
    postgres: { poolMax: 3, statementTimeoutMs: 10_000 },
  })
  const [key] = await database.query<{ id: string }>(`select id from credentials where vendor = 'aftership'`)
  assert.ok(key)
  app.context.usage.note(key.id)
  await database.during(`update credentials set name = name`, () =>
    assert.rejects(saveUsage(app.context), { code: 'unavailable', message: /lock_timeout/ }),
  )
  await saveUsage(app.context)
  const [used] = await database.query<{ last_used_at: string | null }>(
    'select last_used_at from credentials where id = $1',
    [key.id],
  )
  assert.ok(used?.last_used_at)
})
