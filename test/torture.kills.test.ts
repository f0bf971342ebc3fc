// The short form of `npm run torture -- kills`, of three nodes on one PostgreSQL.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { Findings } from '../torture/findings.ts'
import { tortureNodes } from '../torture/kills/nodes.ts'
import { Random } from '../torture/random.ts'
import { emptyDatabase, testOnPostgres } from './nodes.support.ts'
import { temporaryDirectory } from './process.ts'

testOnPostgres(
  'nodes that are killed one by one lose nothing together, and do nothing by half or twice',
  async server => {
    const findings = new Findings()
    const extent = { kills: 3, crashes: 0, clients: 9, lifeMaxMs: 800, refused: 0 }
    const directory = join(temporaryDirectory(), 'kills')
    await tortureNodes(directory, await emptyDatabase(server), extent, new Random(1), findings)
    const { counts, failures } = findings.outcome()
    // The doctor is right about the PostgreSQL of the tests, which loses nothing that they would miss.
    assert.deepEqual(
      failures.filter(failure => !/^doctor, of the store: (fsync|full_page_writes) is off/.test(failure)),
      [],
    )
    assert.equal(counts['kills of nodes under load'], 3)
    // As many as the lives have changes that clients ask for again.
    assert.equal(counts['answered requests asked for again'], 20)
    assert.ok(Number(counts['acknowledged changes']) > 0)
  },
)
