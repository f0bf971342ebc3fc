// The short form of `npm run torture -- wire`: hostile HTTP as bytes, on a real process.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Findings } from '../../torture/findings.ts'
import { startServer } from '../../torture/server.ts'
import { seed } from '../../torture/wire/doors.ts'
import { Siege } from '../../torture/wire/siege.ts'
import { heldBy, isBackTo, Watch } from '../../torture/wire/vitals.ts'
import { wavesOf } from '../../torture/wire/waves.ts'
import { fileWith } from '../process.ts'

const SEED = 20_26
const INVITABLE = 300
const SHORT = {
  share: 11,
  pipelines: 5,
  aborts: 0,
  leavers: 5,
  idle: 30,
  unread: { clients: 2, ms: 50 },
  resets: 5,
  mutations: 100,
}
const CHEAP = 'passwords: { memoryKiB: 8, passes: 1 }'

test('hostile HTTP gets one answer each or none, does nothing, and disturbs nobody', async t => {
  const server = await startServer(':memory:', {
    flags: ['--seed', fileWith('seed.yaml', seed(INVITABLE))],
    env: { UNDERSTUDY_CONFIG: fileWith('config.yaml', CHEAP) },
  })
  const findings = new Findings()
  const siege = new Siege(server.url, { findings, seed: SEED, invitable: INVITABLE })
  await siege.ledger.begin()
  const before = heldBy(server.pid)
  for (const [name, wave] of Object.entries(wavesOf(siege, server.pid, SHORT))) {
    await t.test(name, async () => {
      const watch = new Watch(server.url, findings, name)
      await wave()
      await watch.stop()
      await siege.ledger.settle(name)
      assert.deepEqual(findings.outcome().failures, [])
    })
  }
  await t.test('afterwards the server holds what it held, and has logged no fault', async () => {
    assert.equal(await isBackTo(before, server.pid), undefined)
    assert.equal(await server.stop(), 0)
    assert.deepEqual(
      server.log().filter(({ level }) => level === 'error' || level === 'fatal'),
      [],
    )
  })
})
