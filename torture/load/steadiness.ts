// Whether a server under constant load stays as it was: what people wait, and what it holds.

import { median } from '../../bench/numbers.ts'
import type { Point } from './series.ts'

/** Of the time: until code is compiled and caches are full, nothing counts. */
const WARM_UP = 0.05
/** The last quarter's median p99 against the first quarter's; a step is a noisy thing, the median of many is not. */
const P99_GROWTH_MAX = 1.5
/** Of a few milliseconds half as much again is nothing that anybody would notice. */
const P99_SLACK_MS = 5
/** The worst minute's p99 against the median step's: one minute of something else, not a server that gets slower. */
const P99_MINUTE_MAX = 4
/** Of the steps: when more say nothing of the server, the run does not. */
const LEFT_OUT_MAX = 0.1
/** What is waited in a step that is the host's, against what that explains: behind it requests come unevenly, too. */
const EXPLAINED = 2
/**
 * The last quarter's least against the second's: in the first quarter the heap still finds its size, and between collections
 * of garbage it goes up and down by a quarter of all.
 */
const RSS_GROWTH_MAX = 1.1
/** The store grows with each change's event, and what is known of it with it. */
const RSS_SLACK_MIB = 8

export interface Steadiness {
  p50Ms: { first: number; last: number }
  p99Ms: { first: number; last: number; medianStep: number; worstMinute: number }
  /** The least of the second quarter, and of the last. */
  rssMiB: { second: number; last: number }
  /** Steps that count for no p99, of all. */
  leftOut: { steps: number; of: number }
}

/**
 * The steps that say nothing of the server, by their index: the host alone made everybody wait longer than the p99 of the
 * median step, and what was waited is at most twice what that explains.
 */
export function leftOutOf(points: readonly Point[]): Set<number> {
  const usualMs = medianOf(points, ({ p99Ms }) => p99Ms)
  const isTheHosts = ({ behindMs, p99Ms }: Point) => behindMs > usualMs && p99Ms <= EXPLAINED * (usualMs + behindMs)
  return new Set(points.flatMap((point, n) => (isTheHosts(point) ? [n] : [])))
}

/**
 * What a run is judged by: every step where p99 is steady so, and where it is not, all but the host's. `p99sOfMinutes` are
 * without the steps that it is told.
 */
export function judgedSteadiness(
  points: readonly Point[],
  p99sOfMinutes: (leftOut: ReadonlySet<number>) => readonly number[],
): Steadiness {
  const none = new Set<number>()
  const whole = steadinessOf(points, p99sOfMinutes(none), none)
  if (p99BrokenBy(whole).length === 0) return whole
  const leftOut = leftOutOf(points)
  return steadinessOf(points, p99sOfMinutes(leftOut), leftOut)
}

/**
 * What the points come to, quarter by quarter, without the warm-up; the p99 without the steps `leftOut` too, and so
 * `p99sOfMinutes`.
 */
export function steadinessOf(
  points: readonly Point[],
  p99sOfMinutes: readonly number[],
  leftOut: ReadonlySet<number> = new Set(),
): Steadiness {
  const warmUp = Math.ceil(points.length * WARM_UP)
  const quarter = (n: number) => {
    const [from = 0, to] = [n, n + 1].map(end => warmUp + Math.round(((points.length - warmUp) * end) / 4))
    return points.slice(from, to)
  }
  const judged = new Set(points.filter((_, n) => !leftOut.has(n)))
  const p50Of = (part: readonly Point[]) => medianOf(part, ({ p50Ms }) => p50Ms)
  const p99Of = (part: readonly Point[]) =>
    medianOf(
      part.filter(point => judged.has(point)),
      ({ p99Ms }) => p99Ms,
    )
  return {
    p50Ms: { first: p50Of(quarter(0)), last: p50Of(quarter(3)) },
    p99Ms: {
      first: p99Of(quarter(0)),
      last: p99Of(quarter(3)),
      // The warm-up's too.
      medianStep: p99Of(points),
      worstMinute: Math.max(...p99sOfMinutes),
    },
    rssMiB: { second: leastRssOf(quarter(1)), last: leastRssOf(quarter(3)) },
    leftOut: { steps: leftOut.size, of: points.length },
  }
}

function medianOf(points: readonly Point[], of: (point: Point) => number): number {
  return median(points.map(of).filter(value => !Number.isNaN(value)))
}

function leastRssOf(points: readonly Point[]): number {
  const known = points.map(({ rssMiB }) => rssMiB).filter(value => !Number.isNaN(value))
  return known.length > 0 ? Math.min(...known) : Number.NaN
}

/**
 * The promises that are broken, a sentence each. Memory that cannot be read breaks none. How much the heap holds without
 * garbage, ../memory.ts says.
 */
export function brokenBy(steadiness: Steadiness): string[] {
  const { second, last } = steadiness.rssMiB
  const grew = last > second * RSS_GROWTH_MAX + RSS_SLACK_MIB
  const memory = grew ? [`memory flat: ${mib(second)} in the second quarter, ${mib(last)} in the last`] : []
  return [...p99BrokenBy(steadiness), ...memory]
}

function p99BrokenBy({ p99Ms, leftOut }: Steadiness): string[] {
  const broken: string[] = []
  if (leftOut.steps > leftOut.of * LEFT_OUT_MAX) {
    broken.push(`p99 steady: not known, the host kept the processor in ${leftOut.steps} of ${leftOut.of} steps`)
  }
  if (!(p99Ms.last <= p99Ms.first * P99_GROWTH_MAX + P99_SLACK_MS)) {
    broken.push(`p99 steady: ${ms(p99Ms.first)} in the first quarter, ${ms(p99Ms.last)} in the last`)
  }
  if (!(p99Ms.worstMinute <= p99Ms.medianStep * P99_MINUTE_MAX + P99_SLACK_MS)) {
    broken.push(`p99 steady: usually ${ms(p99Ms.medianStep)}, ${ms(p99Ms.worstMinute)} in the worst minute`)
  }
  return broken
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`
}

function mib(value: number): string {
  return `${value.toFixed(0)} MiB`
}
