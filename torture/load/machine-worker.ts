// The thread that samples the machine: every 20 ms it writes a page to the disk and reads what the cores were used for.

import { closeSync, fdatasyncSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { Sample, WatchData } from './machine.ts'

const EVERY_MS = 20
const TICK_MS = 10
const PAGE = Buffer.alloc(4096)
const PAGES = 64

const port = parentPort
if (!port) throw new Error('this is a thread of the load')
let stopped = false
port.once('message', () => {
  stopped = true
})

const { directory, cores }: WatchData = workerData
const file = openSync(join(directory, 'sync'), 'w')
// Nothing but the page itself is to be written later.
writeSync(file, Buffer.alloc(PAGES * PAGE.length), 0, PAGES * PAGE.length, 0)
fsyncSync(file)

const samples: Sample[] = []
let before = look()
while (!stopped && cores.length > 0) {
  await sleep(EVERY_MS)
  const startedAt = performance.now()
  writeSync(file, PAGE, 0, PAGE.length, (samples.length % PAGES) * PAGE.length)
  fdatasyncSync(file)
  const writeMs = performance.now() - startedAt
  const now = look()
  samples.push({
    atMs: performance.timeOrigin + now.atMs,
    tookMs: now.atMs - before.atMs,
    cores: now.cores.map(({ usedMs, stolenMs }, n) => ({
      usedMs: usedMs - (before.cores[n]?.usedMs ?? 0),
      stolenMs: stolenMs - (before.cores[n]?.stolenMs ?? 0),
    })),
    writeMs,
  })
  before = now
}
closeSync(file)
port.postMessage(samples)
port.unref()

function look(): Pick<Sample, 'cores'> & { atMs: number } {
  const stat = cores.length > 0 ? readFileSync('/proc/stat', 'utf8') : ''
  const times = cores.map(core => {
    // proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal.
    const fields = new RegExp(`^cpu${core} (.*)$`, 'm').exec(stat)?.[1]?.split(' ') ?? []
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields.map(Number)
    return { usedMs: (user + nice + system + irq + softirq) * TICK_MS, stolenMs: steal * TICK_MS }
  })
  return { atMs: performance.now(), cores: times }
}
