// The short form of `npm run torture -- secrets` that needs a process: its log, its files, its command line, and what
// commands beside it print.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Findings } from '../../torture/findings.ts'
import { Random } from '../../torture/random.ts'
import { onSqlite } from '../../torture/secrets/engines.ts'
import { searchRun } from '../../torture/secrets/run.ts'
import { temporaryDirectory } from '../process.ts'

test('no secret of a full life is in the files, the log, the process or the commands of a server', async () => {
  const directory = temporaryDirectory()
  const findings = new Findings()
  await searchRun(onSqlite(directory), { directory, findings, random: new Random(26), rounds: 1, fewCommands: true })
  const { counts, failures } = findings.outcome()
  assert.deepEqual(failures, [])
  assert.equal(counts['stores restored or moved, and searched'], 1)
  assert.ok(Number(counts['log lines searched']) > 400 && Number(counts['bytes searched: sqlite store']) > 500_000)
})
