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
/** Of the steps: in more of them that are the machine's, nothing is shown of the server. */
const HELD_BACK_MAX = 0.1
/** The last quarter's median against the second's: in the first quarter the heap still finds its size. */
const RSS_GROWTH_MAX = 1.1
/** The store grows with each change's event, and what is known of it with it. */
const RSS_SLACK_MIB = 8

export interface Steadiness {
  p50Ms: { first: number; last: number }
  p99Ms: { first: number; last: number; medianStep: number; worstMinute: number }
  /** Of the second quarter, and of the last. */
  rssMiB: { second: number; last: number }
  /** Steps in which the machine alone made everybody wait longer than the median step's p99: they count for no p99. */
  heldBack: { steps: number; of: number }
}

/** The p99 of the median step, the warm-up's and the machine's own included. */
export function usualP99Of(points: readonly Point[]): number {
  return median(points.map(({ p99Ms }) => p99Ms).filter(value => !Number.isNaN(value)))
}

/**
 * What the points come to, quarter by quarter, without the warm-up and without what the machine did; `p99sOfMinutes` are
 * without that too.
 */
export function steadinessOf(points: readonly Point[], p99sOfMinutes: readonly number[]): Steadiness {
  const usualMs = usualP99Of(points)
  const isHeldBack = ({ behindMs }: Point) => behindMs > usualMs
  const counted = points.slice(Math.ceil(points.length * WARM_UP))
  const quarter = (n: number, of: (point: Point) => number) => {
    const [from, to] = [n, n + 1].map(end => Math.round((counted.length * end) / 4))
    return median(
      counted
        .slice(from, to)
        .filter(point => !isHeldBack(point))
        .map(of)
        .filter(value => !Number.isNaN(value)),
    )
  }
  return {
    p50Ms: { first: quarter(0, point => point.p50Ms), last: quarter(3, point => point.p50Ms) },
    p99Ms: {
      first: quarter(0, point => point.p99Ms),
      last: quarter(3, point => point.p99Ms),
      medianStep: usualMs,
      worstMinute: Math.max(...p99sOfMinutes),
    },
    rssMiB: { second: quarter(1, point => point.rssMiB), last: quarter(3, point => point.rssMiB) },
    heldBack: { steps: points.filter(isHeldBack).length, of: points.length },
  }
}

/** The promises that are broken, a sentence each. Memory that cannot be read breaks none. */
export function brokenBy({ p99Ms, rssMiB, heldBack }: Steadiness): string[] {
  const broken: string[] = []
  if (heldBack.steps > heldBack.of * HELD_BACK_MAX) {
    broken.push(`p99 steady: not known, the machine itself was away in ${heldBack.steps} of ${heldBack.of} steps`)
  }
  if (!(p99Ms.last <= p99Ms.first * P99_GROWTH_MAX + P99_SLACK_MS)) {
    broken.push(`p99 steady: ${ms(p99Ms.first)} in the first quarter, ${ms(p99Ms.last)} in the last`)
  }
  if (!(p99Ms.worstMinute <= p99Ms.medianStep * P99_MINUTE_MAX + P99_SLACK_MS)) {
    broken.push(`p99 steady: usually ${ms(p99Ms.medianStep)}, ${ms(p99Ms.worstMinute)} in the worst minute`)
  }
  if (rssMiB.last > rssMiB.second * RSS_GROWTH_MAX + RSS_SLACK_MIB) {
    broken.push(`memory flat: ${mib(rssMiB.second)} in the second quarter, ${mib(rssMiB.last)} in the last`)
  }
  return broken
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`
}

function mib(value: number): string {
  return `${value.toFixed(0)} MiB`
}
