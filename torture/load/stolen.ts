// What the host of a virtual machine took from the server's core: capacity is of what it leaves, and whoever asks why a minute
// was slow wants to know.

import { readFileSync } from 'node:fs'
import { canPin, SERVER_CORE, TICKS_PER_SECOND } from '../../bench/cores.ts'

/** Shares of the time, from 0 to 1. */
export interface Stolen {
  mean: number
  /** Of the worst step. */
  worst: number
}

/** Looks every `stepS` seconds until it is stopped; undefined where it is not known which core the server has. */
export function watchStolen(stepS: number): { stop(): Stolen | undefined } {
  if (!canPin) return { stop: () => undefined }
  const looks = [look()]
  const timer = setInterval(() => looks.push(look()), stepS * 1000)
  return {
    stop() {
      clearInterval(timer)
      return stolenOf([...looks, look()])
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
  const shareOf = (from?: Look, to?: Look) =>
    from && to && to.atMs > from.atMs ? (to.stolenMs - from.stolenMs) / (to.atMs - from.atMs) : 0
  // The last step is what was left of one, and says little.
  const steps = looks.slice(1, -1).map((to, n) => shareOf(looks[n], to))
  const mean = shareOf(looks[0], looks.at(-1))
  return { mean, worst: Math.max(mean, ...steps) }
}
