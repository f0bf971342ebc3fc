// No secret is found where it does not belong; who guesses learns nothing from the time it takes; nothing that is signed
// can be changed.

import { runPart } from '../part.ts'
import { Random } from '../random.ts'
import { onPostgres, onSqlite } from '../secrets/engines.ts'
import { searchRun } from '../secrets/run.ts'
import { signingRun } from '../secrets/signing.ts'
import { timingRun } from '../secrets/timing.ts'

await runPart(async ({ directory, quick, seed, findings }) => {
  const random = new Random(seed)
  const rounds = quick ? { rounds: 1 } : {}
  await searchRun(onSqlite(directory), { directory, findings, random: random.fork(), ...rounds })
  const postgres = await onPostgres(directory, random.fork())
  try {
    await searchRun(postgres, { directory, findings, random: random.fork(), ...rounds })
  } finally {
    await postgres.stop()
  }
  await signingRun({ directory, findings, random: random.fork(), quick })
  await timingRun({ directory, findings, random: random.fork() }, quick ? 100 : 1000)
})
