// Another process holds the database: for a while, which changes wait for, and for so long that they are refused.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Scene, type Surroundings, startScene } from './scene.ts'
import { checkStored } from './stored.ts'
import { writeSeed } from './world.ts'

const HELD = /another process holds the database/
/** Whoever asks how the server is, or reads, is answered while changes wait. */
const READ_MAX_MS = 2000

export async function holdLock(surroundings: Surroundings, directory: string): Promise<void> {
  const { findings, quick } = surroundings
  mkdirSync(directory)
  const data = join(directory, 'data')
  await using scene = await startScene(surroundings, data, { flags: ['--seed', writeSeed(directory)] })
  const { load } = scene
  await load.more('acknowledged', 30)
  const other = new DatabaseSync(join(data, 'understudy.db'), { timeout: 10_000 })
  other.exec('begin immediate')
  await answersMeanwhile(surroundings, scene)
  const { refused } = load
  other.exec('rollback')
  await load.more('acknowledged', 30)
  if (load.refused > refused) findings.fail('changes wait for a short lock, and were refused')
  findings.count('locks held by another process')
  if (!quick) {
    other.exec('begin immediate')
    await load.more('refused', 100)
    await scene.ready('a lock that is held for long is told on /ready', HELD)
    other.exec('rollback')
    await load.more('acknowledged', 30)
    await scene.ready('a lock that is free again is told on /ready')
    findings.count('locks held by another process')
  }
  other.close()
  await scene.end()
  await checkStored(findings, { data, changes: load.changes })
}

/** With a change under way that waits. */
async function answersMeanwhile({ findings }: Surroundings, { client, server }: Scene): Promise<void> {
  for (let round = 0; round < 10; round++) {
    for (const path of ['/health', '/metrics', '/jwks']) {
      const askedAt = performance.now()
      const answer = await client.ask(server().url, { path })
      const ms = performance.now() - askedAt
      if (answer?.status !== 200 || ms > READ_MAX_MS) {
        findings.fail(`while another process holds the database, ${path} is answered: ${answer?.status}, ${ms} ms`)
      }
    }
  }
}
