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
}

/** What the points come to, quarter by quarter, without the warm-up. */
export function steadinessOf(points: readonly Point[], p99sOfMinutes: readonly number[]): Steadiness {
  const counted = points.slice(Math.ceil(points.length * WARM_UP))
  const quarter = (n: number) => {
    const [from, to] = [n, n + 1].map(end => Math.round((counted.length * end) / 4))
    return counted.slice(from, to)
  }
  const p50Of = (part: readonly Point[]) => medianOf(part, ({ p50Ms }) => p50Ms)
  const p99Of = (part: readonly Point[]) => medianOf(part, ({ p99Ms }) => p99Ms)
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
export function brokenBy({ p99Ms, rssMiB }: Steadiness): string[] {
  const broken: string[] = []
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
