// A member is removed, and keys that the person holds elsewhere live on: the operator is told.

import assert from 'node:assert/strict'
import test from 'node:test'
import { startApp } from './support.ts'

const SEED = `
aftership:
  accounts: [{ email: jane@acme.test }]
  organizations:
    - name: Acme
      keys: [{ name: plain, mode: api_key, key: as_surviving_plain }]
      memberships: [{ id: mem_jane, email: jane@acme.test, role: member }]
easypost:
  users:
    - id: user_acme
      name: Acme
      keys: { test: EZTKsurviving, production: { key: EZAKsurviving, holder: Jane@acme.test } }
`

test('removing a member reports the keys that they still hold, without the keys', async () => {
  const { request, log } = await startApp(SEED)
  const headers = { 'as-api-key': 'as_surviving_plain' }
  const removed = await request({ method: 'DELETE', url: '/admin/2022-01/memberships/mem_jane', headers })
  assert.equal(removed.statusCode, 200)
  const reports = log.filter(line => line.trap === 'keys-survive-member')
  assert.deepEqual(
    reports.map(({ vendor, tenant, requestId }) => [vendor, tenant, requestId]),
    [['easypost', 'user_acme', removed.headers['as-trace-id']]],
  )
  assert.doesNotMatch(JSON.stringify(log), /EZAKsurviving/)
})
