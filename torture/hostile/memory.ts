// Whether a process holds more and more under the same load.

import { memoryOf } from '../../bench/memory.ts'
import type { Findings } from '../findings.ts'

/** Fewer samples tell nothing. */
const SAMPLES_MIN = 20
/** What a heap may breathe, and what a store that has grown may take more of cache. */
const GROWTH_MAX = 1.3
const GROWTH_MAX_MIB = 96

export class Memory {
  readonly #pid: number
  readonly #samples: number[] = []

  constructor(pid: number) {
    this.#pid = pid
  }

  /** Call it after each of many loads of the same kind. */
  sample(): void {
    this.#samples.push(memoryOf(this.#pid).nowMiB)
  }

  /** The most after the warm-up, which the first quarter is, against the most at the end. */
  compare(findings: Findings, origin: string): void {
    const { length } = this.#samples
    if (length < SAMPLES_MIN || this.#samples.some(Number.isNaN)) return
    const quarter = Math.floor(length / 4)
    const early = Math.max(...this.#samples.slice(quarter, 2 * quarter))
    const late = Math.max(...this.#samples.slice(-quarter))
    findings.count(`MiB held after a quarter of it, ${origin}`, Math.round(early))
    findings.count(`MiB held at the end, ${origin}`, Math.round(late))
    if (late > early * GROWTH_MAX + GROWTH_MAX_MIB) {
      findings.fail(`${origin}: memory does not grow under the same load, but from ${early} MiB to ${late} MiB`)
    }
  }
}
