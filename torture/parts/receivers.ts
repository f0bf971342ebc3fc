// SMTP servers, receivers of webhooks and Stripe's address that fail in every way: on SQLite, and on PostgreSQL with two
// nodes, side by side, since most of it is waiting.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from '../../bench/stores/postgres.ts'
import { runPart } from '../part.ts'
import { Random } from '../random.ts'
import { tortureSenders } from '../receivers/long.ts'

await runPart(async ({ directory, quick, seed, findings }) => {
  const random = new Random(seed)
  // This is not about power cuts, and other parts want the disk as well.
  const postgres = await startPostgres(directory, ['fsync=off'])
  const scenes = [
    { engine: 'SQLite', data: join(directory, 'sqlite', 'data'), nodes: 1 },
    { engine: 'PostgreSQL', data: postgres.url, nodes: 2 },
  ].map(scene => ({
    ...scene,
    directory: join(directory, scene.engine.toLowerCase()),
    random: random.fork(),
    quick,
    findings,
  }))
  for (const { directory: own } of scenes) mkdirSync(own)
  const results = await Promise.allSettled(scenes.map(tortureSenders))
  await postgres.stop()
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') continue
    findings.fail(
      `on ${scenes[index]?.engine}: ${result.reason instanceof Error ? result.reason.stack : result.reason}`,
    )
  }
})
