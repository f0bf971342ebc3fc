// Several servers that do the same, loaded in turn, round by round, so that whatever else the machine does hits all
// alike; and what comes of the comparison.

import { cpuSeconds, machineSeconds } from './cores.ts'
import type { Line } from './lines.ts'
import { type Load, load } from './load.ts'
import { memoryOf } from './memory.ts'
import { median, percentile } from './numbers.ts'
import type { ServerProcess } from './server-process.ts'

/** Of the machine: what others may use in a round that counts. */
const OTHERS_MAX = 0.1
/** A load generator that has no more of its core to give measures itself. */
const LOAD_BUSY_MAX = 0.95
const UNDISTURBED_MIN = 3

export interface Contender {
  name: string
  server: ServerProcess
  load: Load
  /** Seconds of processor time used so far by what the server needs beside itself: a database. */
  secondsBeside?(): number
}

export interface Round {
  perSecond: number
  p50Ms: number
  p99Ms: number
  /** Of the server, for one request; NaN where it cannot be measured, as are memory and what others used. */
  cpuUs: number
  rssMiB: number
  disturbed: boolean
}

export interface Raced {
  name: string
  rounds: Round[]
}

export interface Pace {
  rounds: number
  seconds: number
  warmUpSeconds: number
}

export function paceOf(quick: boolean): Pace {
  return quick ? { rounds: 3, seconds: 0.5, warmUpSeconds: 0.5 } : { rounds: 7, seconds: 1.5, warmUpSeconds: 2 }
}

/** Loads each contender in turn, so many rounds. Throws on any answer with another status than expected. */
export async function race(contenders: readonly Contender[], pace: Pace): Promise<Raced[]> {
  for (const contender of contenders) await round(contender, pace.warmUpSeconds)
  const raced = contenders.map(contender => ({ contender, rounds: [] as Round[] }))
  for (let n = 0; n < pace.rounds; n++) {
    for (const { contender, rounds } of raced) rounds.push(await round(contender, pace.seconds))
  }
  return raced.map(({ contender: { name }, rounds }) => ({ name, rounds }))
}

/** One round of load. */
export async function round(contender: Contender, seconds: number): Promise<Round> {
  const { pid, url } = contender.server
  const used = () => {
    const { user, system } = process.cpuUsage()
    const beside = contender.secondsBeside?.() ?? 0
    return { server: cpuSeconds(pid), own: (user + system) / 1e6, beside, machine: machineSeconds() }
  }
  const before = used()
  const loaded = await load(url, contender.load, seconds)
  const after = used()
  const server = after.server - before.server
  const own = after.own - before.own
  const others = after.machine - before.machine - server - own - (after.beside - before.beside)
  return {
    perSecond: loaded.answered / loaded.seconds,
    p50Ms: median(loaded.times),
    p99Ms: percentile(loaded.times, 0.99),
    cpuUs: (server / loaded.answered) * 1e6,
    rssMiB: memoryOf(pid).nowMiB,
    disturbed: others / loaded.seconds > OTHERS_MAX || own / loaded.seconds > LOAD_BUSY_MAX,
  }
}

/** Medians over the rounds. */
export function lineOf({ name, rounds }: Raced, operation: string): Line {
  const middle = (of: (round: Round) => number) => median(rounds.map(of))
  return {
    contender: name,
    operation,
    perSecond: middle(round => round.perSecond),
    p50Ms: middle(round => round.p50Ms),
    p99Ms: middle(round => round.p99Ms),
    cpuUs: middle(round => round.cpuUs),
    rssMiB: middle(round => round.rssMiB),
  }
}

/**
 * Requests per second of one against those of another: the median over the rounds in which neither was disturbed. With
 * fewer than three of those, the ratio of requests to processor time: `of` says so.
 */
export function ratioOf(ours: Raced, theirs: Raced): { ratio: number; of: string } {
  const pairs = pairsOf(ours, theirs)
  const undisturbed = pairs.filter(isUndisturbed)
  if (undisturbed.length >= UNDISTURBED_MIN) return { ratio: medianRatio(undisturbed), of: theirs.name }
  return {
    ratio: median(pairs.map(({ round, other }) => other.cpuUs / round.cpuUs)),
    of: `${theirs.name}, by CPU time`,
  }
}

/** The same for what waits for the disk, where processor time says nothing: then all rounds count. */
export function durableRatioOf(ours: Raced, theirs: Raced): { ratio: number; of: string } {
  const pairs = pairsOf(ours, theirs)
  const undisturbed = pairs.filter(isUndisturbed)
  return { ratio: medianRatio(undisturbed.length >= UNDISTURBED_MIN ? undisturbed : pairs), of: theirs.name }
}

interface Pair {
  round: Round
  other: Round
}

function pairsOf(ours: Raced, theirs: Raced): Pair[] {
  return ours.rounds.flatMap((round, n) => {
    const other = theirs.rounds[n]
    return other ? [{ round, other }] : []
  })
}

function isUndisturbed({ round, other }: Pair): boolean {
  return !round.disturbed && !other.disturbed
}

function medianRatio(pairs: Pair[]): number {
  return median(pairs.map(({ round, other }) => round.perSecond / other.perSecond))
}
