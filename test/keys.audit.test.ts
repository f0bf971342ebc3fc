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

const MEMBERSTACK = `
memberstack:
  apps:
    - id: app_audit
      name: Acme Club
      keys:
        sandboxSecret: { key: sk_sb_audit_used, holder: Jane@acme.test }
        liveSecret: { key: sk_audit_live, holder: jane@acme.test }
        sandboxPublic: pk_sb_audit_used
        livePublic: pk_audit_live
`

test('Memberstack’s keys are rows like all others: of each kind and environment, used by requests', async () => {
  const { app, clock, request } = await startApp(MEMBERSTACK)
  for (const [url, key] of [
    ['/members', 'sk_sb_audit_used'],
    ['/app', 'pk_sb_audit_used'],
  ] as const) {
    assert.equal((await request({ url, headers: { 'x-api-key': key } })).statusCode, 200)
  }
  const usedAt = new Date(clock.now()).toISOString()
  clock.advance(90 * DAY)
  await app.runJobs()
  const rows = await Array.fromAsync(auditRows(app.context, async () => true))
  const common = { vendor: 'memberstack', tenant: 'app_audit', owner: '', active: true, ageDays: 90 }
  assert.deepEqual(
    rows.map(({ fingerprint: _, ...row }) => row),
    [
      {
        ...common,
        name: 'sandbox secret key',
        holder: 'jane@acme.test',
        mode: 'secret:sandbox',
        lastUsedAt: usedAt,
        marks: ['stale'],
      },
      {
        ...common,
        name: 'live secret key',
        holder: 'jane@acme.test',
        mode: 'secret:live',
        lastUsedAt: null,
        marks: ['never-used', 'stale'],
      },
      {
        ...common,
        name: 'sandbox public key',
        holder: null,
        mode: 'public:sandbox',
        lastUsedAt: usedAt,
        marks: ['stale', 'orphaned'],
      },
      {
        ...common,
        name: 'live public key',
        holder: null,
        mode: 'public:live',
        lastUsedAt: null,
        marks: ['never-used', 'stale', 'orphaned'],
      },
    ],
  )
  assert.doesNotMatch(JSON.stringify(rows), /k_sb_audit|k_audit/)
})
