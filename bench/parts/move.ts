// Moves a store of a million rows from SQLite into PostgreSQL, every row compared: how fast `understudy migrate-store`
// does it, and how much memory it needs. Nothing is pinned: command and database have all cores.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { atMost } from '../lines.ts'
import { memoryOf } from '../memory.ts'
import { runPart } from '../part.ts'
import { defaultSettings } from '../server-process.ts'
import { makeMemberStore } from '../stores/members.ts'
import { startPostgres } from '../stores/postgres.ts'

/** A million rows: of each member itself, its event, and one plan and a quarter. */
const MEMBERS = 310_000
const MEMBERS_QUICK = 5000
/** However large the store is. */
const MEMORY_MAX_MIB = 400
const WATCH_MS = 100
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))

await runPart(async ({ directory, quick }) => {
  const store = await makeMemberStore(join(directory, 'data'), quick ? MEMBERS_QUICK : MEMBERS)
  const postgres = await startPostgres(directory)
  const { rows, seconds, mostMiB } = await move(store.directory, postgres.url)
  await postgres.stop()
  const operation = `move ${rows.toLocaleString('en')} rows`
  const bound = atMost('RSS', Math.round(mostMiB), MEMORY_MAX_MIB)
  return [{ contender: 'SQLite to PostgreSQL', operation, perSecond: rows / seconds, rssMiB: mostMiB, bound }]
})

/** Runs the command from its start to its end. Throws when it fails. */
async function move(from: string, to: string): Promise<{ rows: number; seconds: number; mostMiB: number }> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, [MAIN, 'migrate-store', '--from', from, '--to', to], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: defaultSettings(),
  })
  let mostMiB = Number.NaN
  const watch = setInterval(() => {
    const found = memoryOf(child.pid ?? 0).mostMiB
    // It is gone between its end and our notice of it.
    if (!Number.isNaN(found)) mostMiB = found
  }, WATCH_MS)
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  clearInterval(watch)
  const seconds = (performance.now() - startedAt) / 1000
  const rows = Number(/^all, .*? ([\d,]+) /m.exec(output)?.[1]?.replaceAll(',', ''))
  if (code !== 0 || Number.isNaN(rows)) throw new Error(`migrate-store ended with ${code}: ${output}`)
  return { rows, seconds, mostMiB }
}
