// One server on a file, killed again and again: under load, and while it starts.

import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Findings } from '../findings.ts'
import type { Random } from '../random.ts'
import { command } from './command.ts'
import { loadUntil } from './load.ts'
import { type Extent, inspect, kill, noteLog, type Run, resume, serve, throughout } from './run.ts'
import { sqliteStore } from './stores.ts'

const LIFE_MIN_MS = 60
/** Some of them before the server listens. */
const START_MAX_MS = 500
const KILLED_AT_START = 0.25

export function tortureSqlite(directory: string, extent: Extent, random: Random, findings: Findings): Promise<void> {
  const store = sqliteStore(join(directory, 'data'))
  return throughout({ directory, store, refused: extent.refused, random, findings }, async run => {
    for (let kills = 0; kills < extent.kills; kills++) {
      if (random.chance(KILLED_AT_START)) {
        await killAtStart(run)
        kills++
      }
      await killUnderLoad(run, extent)
    }
  })
}

async function killAtStart({ store, world, random, findings }: Run): Promise<void> {
  const flags = ['--data', store.location, '--port', '0', '--seed', world.seedFile]
  await command(['serve', ...flags], world.env, random.below(START_MAX_MS))
  findings.count('kills while a server started')
}

async function killUnderLoad(run: Run, { clients, lifeMaxMs }: Extent): Promise<void> {
  const server = await serve(run)
  await resume(run, server)
  const dead = setTimeout(run.random.between(LIFE_MIN_MS, lifeMaxMs)).then(() => kill(run, server))
  const reading = run.feed.follow(server.url, AbortSignal.timeout(lifeMaxMs))
  await loadUntil([server.url], clients, run, dead)
  await reading
  run.findings.count('kills under load')
  noteLog(server, run.findings)
  await inspect(run)
}
