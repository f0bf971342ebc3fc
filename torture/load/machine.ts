// What the host of a virtual machine kept from the server and from whoever loads it: processor time that it gave to others.
// The kernel counts it as `steal`; nothing that runs on the machine itself adds to it.

import { readFileSync } from 'node:fs'
import { canPin, LOAD_CORE, SERVER_CORE } from '../../bench/cores.ts'

/** Milliseconds since the system's start that anything ran on a core, and that something would have but for the host. */
export interface CoreTimes {
  usedMs: number
  stolenMs: number
}

/** What happened since the sample before. */
export interface Sample {
  /** When it ended, on the clock of `performance.now()`. */
  atMs: number
  tookMs: number
  /** Of the server's core and of the load's. */
  cores: CoreTimes[]
}

export interface Delay {
  atMs: number
  behindMs: number
}

const EVERY_MS = 100
const TICK_MS = 10

/** Samples the machine until it is stopped; nothing where it is not known which core a process has. */
export function watchMachine(): { stop(): Sample[] } {
  const samples: Sample[] = []
  if (!canPin) return { stop: () => samples }
  let before = look()
  const sample = () => {
    const now = look()
    samples.push({
      atMs: now.atMs,
      tookMs: now.atMs - before.atMs,
      cores: now.cores.map(({ usedMs, stolenMs }, n) => ({
        usedMs: usedMs - (before.cores[n]?.usedMs ?? 0),
        stolenMs: stolenMs - (before.cores[n]?.stolenMs ?? 0),
      })),
    })
    before = now
  }
  const timer = setInterval(sample, EVERY_MS)
  return {
    stop: () => {
      clearInterval(timer)
      sample()
      return samples
    },
  }
}

function look(): { atMs: number; cores: CoreTimes[] } {
  const stat = readFileSync('/proc/stat', 'utf8')
  return { atMs: performance.now(), cores: [SERVER_CORE, LOAD_CORE].map(core => coreTimesOf(stat, core)) }
}

/** Of one core, from the text of `/proc/stat` (proc_stat(5)). */
export function coreTimesOf(stat: string, core: number): CoreTimes {
  const fields = new RegExp(`^cpu${core} (.*)$`, 'm').exec(stat)?.[1]?.split(' ') ?? []
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields.map(Number)
  return { usedMs: (user + nice + system + irq + softirq) * TICK_MS, stolenMs: steal * TICK_MS }
}

/**
 * How far behind the host alone puts whoever works, at the end of each sample. Each core is a queue: work comes at the rate
 * of what the core was used for on average, at most `shareMax` of the time, and is done but for what was stolen. As long as
 * the host gives as much as is asked for, nothing is behind, however slow the server is. What was stolen is counted when
 * the core is back, so it can be more than the sample took.
 */
export function delaysOf(samples: readonly Sample[], shareMax: number): Delay[] {
  const totalMs = samples.reduce((sum, { tookMs }) => sum + tookMs, 0)
  const queues = (samples[0]?.cores ?? []).map((_, n) => ({
    share: Math.min(shareMax, samples.reduce((sum, { cores }) => sum + (cores[n]?.usedMs ?? 0), 0) / totalMs),
    behindMs: 0,
  }))
  return samples.map(({ atMs, tookMs, cores }) => {
    for (const [n, queue] of queues.entries()) {
      const givenMs = tookMs - (cores[n]?.stolenMs ?? 0)
      queue.behindMs = Math.max(0, queue.behindMs + queue.share * tookMs - givenMs)
    }
    return { atMs, behindMs: Math.max(...queues.map(({ behindMs }) => behindMs)) }
  })
}
