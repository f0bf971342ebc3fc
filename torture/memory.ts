// Whether a process holds more and more under the same load: what its heap still has when all garbage is collected, and
// all that it has of the system.

import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { memoryOf } from '../bench/memory.ts'
import { median } from '../bench/numbers.ts'
import type { Findings } from './findings.ts'

const COLLECTOR = new URL('./collect.ts', import.meta.url).href
const MIB = 1024 ** 2
const COLLECT_MS = 10_000
const POLL_MS = 10

/** The last quarter's median against the second's: in the first, code is compiled and caches fill. */
const HEAP_GROWTH_MAX_MIB = 6
/** The allocator and the cache of a store that has grown take more of the system than the heap does. */
const ALL_GROWTH_MAX = 1.3
const ALL_GROWTH_MAX_MIB = 96

export class Memory {
  /** What the server has to be started with. */
  readonly env: Record<string, string>
  readonly #file: string
  readonly #heapMiB: number[] = []
  readonly #allMiB: number[] = []

  /** `file` is where the server writes to. */
  constructor(file: string) {
    writeFileSync(file, '')
    this.#file = file
    this.env = { NODE_OPTIONS: `--expose-gc --import=${COLLECTOR}`, TORTURE_HEAP_FILE: file }
  }

  /**
   * Call it again and again under the same load, or after each of many of the same kind. Rejects where the process does not
   * answer for ten seconds.
   */
  async sample(pid: number): Promise<void> {
    this.#allMiB.push(memoryOf(pid).nowMiB)
    process.kill(pid, 'SIGUSR2')
    const end = performance.now() + COLLECT_MS
    while (this.#written().length <= this.#heapMiB.length) {
      if (performance.now() > end) throw new Error(`no garbage was collected within ${COLLECT_MS} ms`)
      await setTimeout(POLL_MS)
    }
    this.#heapMiB.push(Number(this.#written().at(-1)) / MIB)
  }

  compare(findings: Findings, origin: string): void {
    const [heap, all] = [this.#heapMiB, this.#allMiB].map(quartersOf) as [Quarters, Quarters]
    findings.count(`MiB of heap after a quarter of it, ${origin}`, Math.round(heap.second))
    findings.count(`MiB of heap at the end, ${origin}`, Math.round(heap.last))
    if (!(heap.last <= heap.second + HEAP_GROWTH_MAX_MIB)) {
      findings.fail(`${origin}: the heap does not grow under the same load, but ${told(heap)}`)
    }
    // Known on Linux alone.
    if (all.last > all.second * ALL_GROWTH_MAX + ALL_GROWTH_MAX_MIB) {
      findings.fail(`${origin}: memory does not grow under the same load, but ${told(all)}`)
    }
  }

  #written(): string[] {
    return readFileSync(this.#file, 'utf8').split('\n').slice(0, -1)
  }
}

interface Quarters {
  second: number
  last: number
}

function quartersOf(samples: readonly number[]): Quarters {
  const quarter = Math.floor(samples.length / 4)
  return { second: median(samples.slice(quarter, 2 * quarter)), last: median(samples.slice(-quarter)) }
}

function told({ second, last }: Quarters): string {
  return `from ${second.toFixed(1)} MiB to ${last.toFixed(1)} MiB`
}
