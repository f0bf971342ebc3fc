// The key audit: one row a key over all vendors, and what is wrong with it.

import assert from 'node:assert/strict'
import test, { before } from 'node:test'
import { runHere } from '../here.ts'
import { fileWith, run, temporaryDirectory } from '../process.ts'

const SEED = `
aftership:
  accounts:
    - { email: owner@acme.test }
    - { email: jane@acme.test }
  organizations:
    - id: org_acme
      name: Acme
      keys:
        - { name: nobody's, mode: api_key, key: as_audit_key_of_nobody }
        - { name: jane's, mode: hmac, key: as_audit_key_of_jane, secret: as_audit_secret, holder: Jane@Acme.test }
        - { name: a stranger's, mode: api_key, key: as_audit_key_of_a_stranger, holder: gone@acme.test }
        - { name: 'over, "and" out', mode: api_key, key: as_audit_key_expired, expiresAt: 2020-01-01T00:00:00.000Z }
        - { name: '=1+1', mode: api_key, key: as_audit_key_formula, holder: jane@acme.test }
      memberships:
        - { email: owner@acme.test, role: owner }
        - { email: jane@acme.test, role: member }
`

interface Row {
  vendor: string
  name: string
  holder: string | null
  mode: string
  active: boolean
  ageDays: number
  lastUsedAt: string | null
  fingerprint: string
  marks: string[]
}

const data = temporaryDirectory()
before(async () => {
  const { code, stderr } = await runHere(['seed', fileWith('audit.yaml', SEED), '--data', data])
  assert.equal(code, 0, stderr)
})

test('every key is a row with its holder, state and marks, and never its secret', async () => {
  const { code, stdout } = await run(['keys', 'audit', '--json', '--data', data])
  assert.equal(code, 0)
  const rows = JSON.parse(stdout) as Row[]
  assert.deepEqual(
    rows.map(({ name, holder, mode, active, marks }) => ({ name, holder, mode, active, marks })),
    [
      { name: "nobody's", holder: null, mode: 'api_key', active: true, marks: ['never-used', 'orphaned'] },
      { name: "jane's", holder: 'jane@acme.test', mode: 'hmac', active: true, marks: ['never-used'] },
      {
        name: "a stranger's",
        holder: 'gone@acme.test',
        mode: 'api_key',
        active: true,
        marks: ['never-used', 'orphaned'],
      },
      { name: 'over, "and" out', holder: null, mode: 'api_key', active: false, marks: [] },
      { name: '=1+1', holder: 'jane@acme.test', mode: 'api_key', active: true, marks: ['never-used'] },
    ],
  )
  for (const { vendor, ageDays, lastUsedAt, fingerprint } of rows) {
    assert.deepEqual({ vendor, ageDays, lastUsedAt }, { vendor: 'aftership', ageDays: 0, lastUsedAt: null })
    assert.match(fingerprint, /^[0-9a-f]{12}$/)
  }
  assert.doesNotMatch(stdout, /as_audit/)
})

test('as CSV: quoted where it must be, and nothing that a spreadsheet would run', async () => {
  const { code, stdout } = await runHere(['keys', 'audit', '--csv', '--data', data])
  assert.equal(code, 0)
  const [head, ...lines] = stdout.trim().split('\n')
  assert.equal(head, 'vendor,tenant,owner,name,holder,mode,active,ageDays,lastUsedAt,fingerprint,marks')
  assert.equal(lines.length, 5)
  assert.match(lines[0] ?? '', /^aftership,org_acme,,nobody's,,api_key,true,0,,[0-9a-f]{12},never-used orphaned$/)
  assert.match(lines[3] ?? '', /^aftership,org_acme,,"over, ""and"" out",,api_key,false,0,,[0-9a-f]{12},$/)
  assert.match(lines[4] ?? '', /^aftership,org_acme,,'=1\+1,jane@acme\.test,/)
})

test('as a table, with a head', async () => {
  const { code, stdout } = await runHere(['keys', 'audit', '--data', data])
  assert.equal(code, 0)
  const lines = stdout.trim().split('\n')
  assert.equal(lines.length, 6)
  assert.match(lines[0] ?? '', /^vendor +tenant +owner +name +holder +mode +active/)
})

test('what the command line does not take is exit code 2', async () => {
  for (const argv of [['keys'], ['keys', 'rot'], ['keys', 'audit', '--json', '--csv'], ['keys', 'audit', 'more']]) {
    const { code, stderr } = await runHere([...argv, '--data', temporaryDirectory()])
    assert.equal(code, 2, argv.join(' '))
    assert.match(stderr, /\nusage: understudy keys \(audit/)
  }
})
