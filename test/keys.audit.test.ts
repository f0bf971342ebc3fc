// When a key counts as stale, over the running app with a clock that is moved.

import assert from 'node:assert/strict'
import test from 'node:test'
import { auditRows } from '../src/platform/credentials/audit.ts'
import { DAY, startApp } from './support.ts'

const SEED = `
aftership:
  organizations:
    - name: Acme
      keys:
        - { name: used, mode: api_key, key: as_audit_used, holder: jane@acme.test }
        - { name: unused, mode: api_key, key: as_audit_unused, holder: jane@acme.test }
`

test('a key is stale 90 days after its last use, or after it was made when there was none', async () => {
  const { app, clock, request } = await startApp(SEED)
  const use = () => request({ url: '/admin/2022-01/roles', headers: { 'as-api-key': 'as_audit_used' } })
  const marks = async () => {
    const rows = await Array.fromAsync(auditRows(app.context, async () => true))
    return rows.map(({ name, ageDays, marks }) => [name, ageDays, marks.join(' ')])
  }
  clock.advance(30 * DAY)
  assert.equal((await use()).statusCode, 200)
  await app.runJobs()
  clock.advance(60 * DAY - 1)
  assert.deepEqual(await marks(), [
    ['used', 89, ''],
    ['unused', 89, 'never-used'],
  ])
  clock.advance(1)
  assert.deepEqual(await marks(), [
    ['used', 90, ''],
    ['unused', 90, 'never-used stale'],
  ])
  clock.advance(30 * DAY)
  assert.deepEqual(await marks(), [
    ['used', 120, 'stale'],
    ['unused', 120, 'never-used stale'],
  ])
})
