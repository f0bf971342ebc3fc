// Limits on failures, such as wrong passwords. Each attempt takes its place before it is made, so that many at once are
// not more than allowed; one that succeeds gives it back. Where the places left are all under way, who comes waits for
// their outcome: many good logins of one account at once are no reason to refuse any.

import { DomainError } from '../errors.ts'
import type { FixedWindow } from './fixed-window.ts'

export interface AttemptLimit {
  key: string
  /** How many failures there may be in a window, which the first one opens. */
  failures: number
  windowMs: number
}

interface Full {
  limit: AttemptLimit
  resetInMs: number
}

interface UnderWay {
  count: number
  /** Wakes those who wait for an outcome. */
  wake(): void
  outcome: Promise<void>
}

export class Attempts {
  readonly #limits: FixedWindow
  readonly #underWay = new Map<string, UnderWay>()

  constructor(limits: FixedWindow) {
    this.#limits = limits
  }

  /**
   * Makes one attempt within all `limits`. What `attempt` returns is a success, and undefined a failure; what it throws
   * is neither. Throws `rateLimited` when there were too many failures.
   */
  async run<T>(limits: readonly AttemptLimit[], attempt: () => Promise<T | undefined>): Promise<T | undefined> {
    await this.#takePlaces(limits)
    let failed = false
    try {
      const result = await attempt()
      failed = result === undefined
      return result
    } finally {
      for (const limit of limits) this.#settle(limit, failed)
    }
  }

  async #takePlaces(limits: readonly AttemptLimit[]): Promise<void> {
    for (;;) {
      const full = this.#takeAll(limits)
      if (!full) break
      const others = this.#underWay.get(full.limit.key)
      if (!others) throw tooMany(full)
      await others.outcome
    }
    for (const { key } of limits) this.#begin(key)
  }

  /** A place in each window, or in none: then the window that is full. */
  #takeAll(limits: readonly AttemptLimit[]): Full | undefined {
    for (const [index, limit] of limits.entries()) {
      const { allowed, resetInMs } = this.#limits.take(limit.key, limit.failures, limit.windowMs)
      if (allowed) continue
      for (const taken of limits.slice(0, index)) this.#limits.giveBack(taken.key)
      return { limit, resetInMs }
    }
    return undefined
  }

  #begin(key: string): void {
    const known = this.#underWay.get(key)
    if (known) {
      known.count++
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#underWay.set(key, { count: 1, wake: resolve, outcome: promise })
  }

  #settle({ key }: AttemptLimit, failed: boolean): void {
    if (!failed) this.#limits.giveBack(key)
    const known = this.#underWay.get(key)
    if (!known) return
    known.wake()
    if (--known.count === 0) this.#underWay.delete(key)
    else {
      const { promise, resolve } = Promise.withResolvers<void>()
      known.outcome = promise
      known.wake = resolve
    }
  }
}

function tooMany({ limit, resetInMs }: Full): DomainError {
  const retryAfterS = Math.max(1, Math.ceil(resetInMs / 1000))
  return new DomainError('rateLimited', `more than ${limit.failures} failed attempts`, { retryAfterS })
}
