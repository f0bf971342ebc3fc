// `understudy events verify` from outside: what it prints, how it ends, and what it does not take.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import test, { before } from 'node:test'
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import type { Verdict } from '../../src/platform/events/seals-verify.ts'
import { runHere } from '../here.ts'
import { copyOf } from '../master-keys.ts'
import { fileWith, run, serve, temporaryDirectory } from '../process.ts'

const SEED = `
aftership:
  accounts: [{ email: owner@acme.test }]
  organizations:
    - { id: org_acme, name: Acme, memberships: [{ email: owner@acme.test, role: owner }] }
`

/** A data directory with a seed's events, which a server has sealed. */
const sealed = temporaryDirectory()
before(async () => {
  const seeded = await runHere(['seed', fileWith('sealed.yaml', SEED), '--data', sealed])
  assert.equal(seeded.code, 0, seeded.stderr)
  const app = await createApp(await readConfig({ data: sealed, port: '0' }, { UNDERSTUDY_LOG_LEVEL: 'silent' }))
  await app.runJobs()
  await app.close()
})

function tamper(data: string, statement: string): void {
  const database = new DatabaseSync(join(data, 'understudy.db'))
  database.exec(statement)
  database.close()
}

test('all is well: exit code 0, a summary, and a head to note', async () => {
  const { code, stdout, stderr } = await run(['events', 'verify', '--data', sealed])
  assert.deepEqual([code, stderr], [0, ''])
  const [summary, head, ...more] = stdout.trimEnd().split('\n')
  assert.match(summary ?? '', /^3 events of 2 tenants sealed; 0 not sealed yet; 0 findings$/)
  assert.match(head ?? '', /^head 3:[\w-]{43}$/)
  assert.deepEqual(more, [])
  const noted = head?.replace('head ', '') ?? ''
  const again = await runHere(['events', 'verify', '--expect', noted, '--data', sealed])
  assert.deepEqual([again.code, again.stdout], [0, stdout])
  const other = await runHere(['events', 'verify', '--expect', `2:${noted.slice(2)}`, '--data', sealed])
  assert.equal(other.code, 1)
  assert.match(other.stdout, /^history-changed: /)
})

test('a row that was changed: exit code 1, and a line that names it, also as JSON', async () => {
  const data = copyOf(sealed)
  tamper(data, "update events set actor = 'key:other' where sequence = 2")
  const { code, stdout } = await runHere(['events', 'verify', '--data', data])
  assert.equal(code, 1)
  const [line = '', summary] = stdout.split('\n')
  assert.match(line, /^event-changed: event [\w-]{36} \(sequence 2, aftership\/org_acme, organization\.created\) /)
  assert.match(summary ?? '', / 1 findings$/)
  const json = await runHere(['events', 'verify', '--json', '--data', data])
  assert.equal(json.code, 1)
  const { findings, found, sealed: seals } = JSON.parse(json.stdout) as Verdict
  assert.deepEqual([found, seals], [1, 3])
  const [finding] = findings
  assert.ok(finding)
  assert.equal(`${finding.kind}: ${finding.message}`, line)
  assert.deepEqual([finding.sequence, finding.tenant, finding.type], [2, 'org_acme', 'organization.created'])
})

test('a running server seals by itself, and is no hindrance', async () => {
  const data = temporaryDirectory()
  const server = await serve(['--data', data, '--seed', fileWith('sealed.yaml', SEED)], {
    UNDERSTUDY_LOG_LEVEL: 'silent',
  })
  let last = ''
  for (let look = 0; look < 100 && !last.includes('; 0 not sealed yet'); look++) {
    const { code, stdout, stderr } = await runHere(['events', 'verify', '--data', data])
    assert.equal(code, 0, stdout + stderr)
    last = stdout
  }
  assert.match(last, /^4 events of 3 tenants sealed; 0 not sealed yet; 0 findings$/m)
  assert.equal((await server.end('SIGTERM')).code, 0)
})

test('what the command line does not take is exit code 2', async () => {
  const cases = [[], ['seal'], ['verify', 'more'], ['verify', '--expect', 'abc'], ['verify', '--csv']]
  for (const argv of cases) {
    const { code, stderr } = await runHere(['events', ...argv, '--data', temporaryDirectory()])
    assert.equal(code, 2, argv.join(' '))
    assert.match(stderr, /\nusage: understudy events verify /)
  }
  const inMemory = await runHere(['events', 'verify', '--data', ':memory:'])
  assert.equal(inMemory.code, 2)
})
