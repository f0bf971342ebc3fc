// `kill -9` at random moments under mixed load, on both engines.

import { join } from 'node:path'
import { tortureSqlite } from '../kills/sqlite.ts'
import { runPart } from '../part.ts'
import { Random } from '../random.ts'

await runPart(async ({ directory, quick, seed, findings }) => {
  const random = new Random(seed)
  const extent = quick ? { kills: 4, clients: 12, lifeMaxMs: 700 } : { kills: 24, clients: 24, lifeMaxMs: 2500 }
  await tortureSqlite(join(directory, 'sqlite'), extent, random.fork(), findings)
})
