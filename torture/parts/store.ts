// Faults of what the server stands on: its disk, its data directory, its database and its clock.

import { join } from 'node:path'
import { runPart } from '../part.ts'
import { Random } from '../random.ts'
import { jumpOnPostgres, jumpOnSqlite } from '../store/clock-jumps.ts'
import { loseDatabase } from '../store/database-away.ts'
import { fillDisk } from '../store/disk-full.ts'
import { holdLock } from '../store/lock.ts'
import { damageFile, moveFiles } from '../store/moved-files.ts'
import { startReadOnly, turnReadOnly } from '../store/read-only.ts'

await runPart(async ({ directory, quick, seed, findings }) => {
  const surroundings = { findings, random: new Random(seed), quick }
  await fillDisk(surroundings, join(directory, 'full'))
  await startReadOnly(surroundings, join(directory, 'read-only'))
  await turnReadOnly(surroundings, join(directory, 'turned'))
  await moveFiles(surroundings, join(directory, 'moved'))
  await damageFile(surroundings, join(directory, 'damaged'))
  await holdLock(surroundings, join(directory, 'locked'))
  await loseDatabase(surroundings, join(directory, 'away'))
  await jumpOnSqlite(surroundings, join(directory, 'jumps'))
  await jumpOnPostgres(surroundings, join(directory, 'jumps-on-postgres'))
})
