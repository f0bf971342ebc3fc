// The short form of `npm run torture -- kills`, on a file.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { Findings } from '../../torture/findings.ts'
import { tortureSqlite } from '../../torture/kills/sqlite.ts'
import { Random } from '../../torture/random.ts'
import { temporaryDirectory } from '../process.ts'

test('kill -9 under mixed load loses nothing that was acknowledged, does nothing by half, and nothing twice', async () => {
  const findings = new Findings()
  const directory = join(temporaryDirectory(), 'kills')
  await tortureSqlite(directory, { kills: 3, clients: 8, lifeMaxMs: 400, refused: 0 }, new Random(1), findings)
  const { counts, failures } = findings.outcome()
  assert.deepEqual(failures, [])
  assert.ok(Number(counts['kills under load']) >= 2)
  // As many as the lives have changes that clients ask for again.
  assert.equal(counts['answered requests asked for again'], 20)
  assert.ok(Number(counts['acknowledged changes']) > 0)
})
