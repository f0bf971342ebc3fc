// What the host of a virtual machine takes from the server's core: load is of what it leaves, and whoever asks why a minute was
// slow wants to know.

import { readFileSync } from 'node:fs'
import { canPin, SERVER_CORE, TICKS_PER_SECOND } from '../../bench/cores.ts'

/** Shares of the time, from 0 to 1. */
export interface Stolen {
  mean: number
  /** Of the worst step. */
  worst: number
}

/** Often enough that little piles up until it is seen, and seldom enough for what the kernel counts in hundredths. */
const LOOK_MS = 500

export interface StolenWatch {
  /** The share of its core that the server has now, from 0 to 1; 1 where it is not known which core that is. */
  given(): number
  /** What was taken until now, by steps; undefined where it is not known. */
  stop(): Stolen | undefined
}

/** Looks until it is stopped, and tells by steps of `stepS` seconds. */
export function watchStolen(stepS: number): StolenWatch {
  if (!canPin) return { given: () => 1, stop: () => undefined }
  const looks = [look()]
  const timer = setInterval(() => looks.push(look()), LOOK_MS)
  return {
    given: () => givenOf(looks.at(-2), looks.at(-1)),
    stop() {
      clearInterval(timer)
      const looksEach = (stepS * 1000) / LOOK_MS
      return stolenOf([...looks.filter((_, n) => n % looksEach === 0), look()])
    },
  }
}

interface Look {
  atMs: number
  stolenMs: number
}

function look(): Look {
  return { atMs: performance.now(), stolenMs: stolenMsOf(readFileSync('/proc/stat', 'utf8'), SERVER_CORE) }
}

/** What was taken from a core since the system's start, from the text of `/proc/stat` (proc_stat(5)). */
export function stolenMsOf(stat: string, core: number): number {
  const fields = new RegExp(`^cpu${core} (.*)$`, 'm').exec(stat)?.[1]?.split(' ') ?? []
  return (Number(fields[7] ?? 0) * 1000) / TICKS_PER_SECOND
}

/** Between two looks or more. What was taken is counted when the core is back, so a step may have more than it took. */
export function stolenOf(looks: readonly Look[]): Stolen {
  // The last step is what was left of one, and says little.
  const steps = looks.slice(1, -1).map((to, n) => shareOf(looks[n], to))
  const mean = shareOf(looks[0], looks.at(-1))
  return { mean, worst: Math.max(mean, ...steps) }
}

/** The share of its core that the server had between two looks, from 0 to 1. */
export function givenOf(from?: Look, to?: Look): number {
  return Math.max(0, 1 - shareOf(from, to))
}

function shareOf(from?: Look, to?: Look): number {
  return from && to && to.atMs > from.atMs ? (to.stolenMs - from.stolenMs) / (to.atMs - from.atMs) : 0
}
