// What happened over time: how many were sent and answered, how long they took, what the server held, in steps of some seconds.

import { percentile } from '../../bench/numbers.ts'

/** A step of time, and what came in it. */
export interface Point {
  /** Where it ends, in seconds from the start. */
  atS: number
  /** Requests that were to be sent, and answers. */
  offeredPerSecond: number
  perSecond: number
  /** NaN where nothing was answered. */
  p50Ms: number
  p99Ms: number
  /** The most that the server held; NaN where that is not known. */
  rssMiB: number
  failed: number
}

interface Step {
  offered: number
  times: number[]
  rssMiB: number
  failed: number
}

export class Series {
  readonly #stepMs: number
  readonly #steps: Step[]

  /** Of `seconds` in steps of `stepSeconds`. What comes after the end counts for the last step. */
  constructor(seconds: number, stepSeconds: number) {
    this.#stepMs = stepSeconds * 1000
    const steps = Math.max(1, Math.ceil(seconds / stepSeconds))
    this.#steps = Array.from({ length: steps }, () => ({ offered: 0, times: [], rssMiB: Number.NaN, failed: 0 }))
  }

  /** A request that was to be sent at `dueMs` from the start. */
  offered(dueMs: number): void {
    this.#stepAt(dueMs).offered++
  }

  /** An answer at `nowMs` from the start, `tookMs` after it was to be sent. */
  answered(nowMs: number, tookMs: number): void {
    this.#stepAt(nowMs).times.push(tookMs)
  }

  failed(nowMs: number): void {
    this.#stepAt(nowMs).failed++
  }

  held(nowMs: number, rssMiB: number): void {
    const step = this.#stepAt(nowMs)
    step.rssMiB = Number.isNaN(step.rssMiB) ? rssMiB : Math.max(step.rssMiB, rssMiB)
  }

  points(): Point[] {
    const stepS = this.#stepMs / 1000
    return this.#steps.map(({ offered, times, rssMiB, failed }, n) => ({
      atS: (n + 1) * stepS,
      offeredPerSecond: offered / stepS,
      perSecond: times.length / stepS,
      p50Ms: percentile(times, 0.5),
      p99Ms: percentile(times, 0.99),
      rssMiB,
      failed,
    }))
  }

  /** The 99th percentile of each stretch of `seconds`, over all that was answered in it; the last may be shorter. */
  p99sOf(seconds: number): number[] {
    const stepsEach = Math.max(1, Math.round((seconds * 1000) / this.#stepMs))
    return Array.from({ length: Math.ceil(this.#steps.length / stepsEach) }, (_, n) =>
      percentile(
        this.#steps.slice(n * stepsEach, (n + 1) * stepsEach).flatMap(({ times }) => times),
        0.99,
      ),
    )
  }

  #stepAt(nowMs: number): Step {
    const index = Math.min(Math.max(0, Math.floor(nowMs / this.#stepMs)), this.#steps.length - 1)
    return this.#steps[index] as Step
  }
}
