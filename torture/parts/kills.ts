// `kill -9` at random moments under mixed load, on both engines.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from '../../bench/stores/postgres.ts'
import { tortureCommands } from '../kills/commands.ts'
import { tortureNodes } from '../kills/nodes.ts'
import { tortureSqlite } from '../kills/sqlite.ts'
import { createDatabase } from '../kills/stores.ts'
import { runPart } from '../part.ts'
import { Random } from '../random.ts'

const REFUSED = 0.04

await runPart(async ({ directory, quick, seed, findings }) => {
  const random = new Random(seed)
  const onFile = quick
    ? { kills: 3, clients: 12, lifeMaxMs: 700, refused: REFUSED }
    : { kills: 20, clients: 24, lifeMaxMs: 2500, refused: REFUSED }
  await tortureSqlite(join(directory, 'sqlite'), onFile, random.fork(), findings)
  const postgres = await startPostgres(directory)
  const onNodes = quick
    ? { kills: 3, crashes: 1, clients: 12, lifeMaxMs: 1500, refused: REFUSED }
    : { kills: 15, crashes: 6, clients: 24, lifeMaxMs: 3000, refused: REFUSED }
  await tortureNodes(join(directory, 'nodes'), postgres, onNodes, random.fork(), findings)
  mkdirSync(join(directory, 'commands'))
  await tortureCommands({
    directory: join(directory, 'commands'),
    base: join(directory, 'sqlite', 'data'),
    emptyDatabase: () => createDatabase(postgres.server),
    kills: quick ? 1 : 4,
    random: random.fork(),
    findings,
  })
  await postgres.stop()
})
