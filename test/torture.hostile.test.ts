// The short form of `npm run torture -- hostile`: requests that are hostile in what they hold, to every route there is.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Findings } from '../torture/findings.ts'
import { audit } from '../torture/hostile/ledger.ts'
import { markupOnPages } from '../torture/hostile/markup.ts'
import { prepareStorm } from '../torture/hostile/prepare.ts'
import { roundTrips } from '../torture/hostile/round-trips.ts'
import { seedText } from '../torture/hostile/seed.ts'
import { roundOfChance, roundOfPlaces } from '../torture/hostile/storm.ts'
import { startApp } from './support.ts'

const SEED = 7
const ROUNDS = 2
const ROUND_SIZE = 400
const TEXTS = 8
const SHARE_OF_PLACES = 0.2

test('whatever a request holds, it is answered in its vendor’s envelope; refused, it changes nothing', async () => {
  const { app, log } = await startApp(seedText(), { trustProxy: true, port: 0 })
  const findings = new Findings()
  const settings = { seed: SEED, engine: 'in memory', findings }
  const storm = await prepareStorm(await app.listen(), app.context.db, settings)
  after(() => storm.close())
  await roundOfPlaces(storm, SHARE_OF_PLACES)
  await roundTrips(storm, TEXTS)
  await markupOnPages(storm)
  for (let done = 0; done < ROUNDS; done++) await roundOfChance(storm, ROUND_SIZE)
  await audit(app.context.db, log, { findings, tellOf: id => storm.sent.get(id) ?? '' })
  const { failures, counts } = findings.outcome()
  assert.deepEqual(failures, [])
  assert.ok(Number(counts.requests) > ROUNDS * ROUND_SIZE)
  assert.deepEqual(
    log.filter(({ level }) => level === 'error' || level === 'fatal'),
    [],
  )
})
