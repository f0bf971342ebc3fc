// A bounded number of pieces of work at once, for work that takes what others need too: threads, memory. The rest wait
// in a queue with an end.

import { DomainError } from './errors.ts'

export class Turns {
  readonly #atOnce: number
  readonly #waitingMax: number
  #running = 0
  readonly #waiting: (() => void)[] = []

  constructor(atOnce: number, waitingMax: number) {
    this.#atOnce = atOnce
    this.#waitingMax = waitingMax
  }

  /** Does `work` when its turn comes, first come first served. Throws DomainError `rateLimited` when the queue is full. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#atOnce) this.#running++
    else await this.#turn()
    try {
      return await work()
    } finally {
      this.#handOver()
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#waitingMax) {
      throw new DomainError('rateLimited', 'too many requests already wait for their turn')
    }
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  /** A place goes straight to who waits longest, so that nobody who comes just then can take it. */
  #handOver(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#running--
  }
}
