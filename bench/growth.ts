// What grows with a store: the same requests to a small and a large one.

import type { Measured, Operation } from './in-turns.ts'
import { atMost, type Line } from './lines.ts'
import { median, percentile } from './numbers.ts'

export interface GrowingOperation<Target> extends Operation<Target> {
  /** The most that its time may grow; no bound where it is not said. */
  most?: number
  /** What its time is compared with: in the large store the operation of this name, else the same in the small one. */
  than?: string
}

/** Rows of the small store, and of the large one. */
export function sizesOf(quick: boolean): [number, number] {
  return [1000, quick ? 20_000 : 1_000_000]
}

/** `1,000 members` and so on. */
export function namesOf(rows: string, quick: boolean): [string, string] {
  const [small, large] = sizesOf(quick).map(size => `${size.toLocaleString('en')} ${rows}`)
  return [small ?? '', large ?? '']
}

export function samplesOf(quick: boolean): { warmUp: number; samples: number } {
  return quick ? { warmUp: 50, samples: 50 } : { warmUp: 300, samples: 500 }
}

/** Two lines for each operation; the ratio is that of the medians. */
export function growthLines<Target>(names: [string, string], measured: Measured<GrowingOperation<Target>>[]): Line[] {
  return measured.flatMap(({ operation: { name, most, than }, times: [small = [], large = []] }) => {
    const other = than === undefined ? small : measured.find(({ operation }) => operation.name === than)?.times[1]
    const ratio = median(large) / median(other ?? [])
    const bound = most === undefined ? undefined : atMost('ratio', ratio, most)
    return [
      { contender: names[0], operation: name, ...timesOf(small) },
      { contender: names[1], operation: name, ...timesOf(large), ratio, of: than ?? names[0], bound },
    ]
  })
}

/** How many, one after the other, and how long each takes. */
function timesOf(times: readonly number[]): Partial<Line> {
  const total = times.reduce((sum, time) => sum + time, 0)
  return { perSecond: (times.length * 1000) / total, p50Ms: median(times), p99Ms: percentile(times, 0.99) }
}
