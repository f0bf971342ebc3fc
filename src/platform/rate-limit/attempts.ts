// Limits on failures, such as wrong passwords. Each attempt takes its place before it is made, so that many at once are
// not more than allowed; one that succeeds gives it back. Where the places left are all under way, who comes waits for
// their outcome: many good logins of one account at once are no reason to refuse any. Only for those of this node: what
// other nodes have under way is taken until they give it back.

import { DomainError } from '../errors.ts'
import { whenThere } from '../web/at-once.ts'
import type { Allowance, WindowLimits } from './fixed-window.ts'

export interface AttemptLimit {
  key: string
  /** How many failures there may be in a window, which the first one opens. */
  failures: number
  windowMs: number
}

interface Full {
  limit: AttemptLimit
  resetInMs: number
  /** Settled with the next outcome that may free a place, where there will be one. */
  outcome: Promise<void> | undefined
}

interface UnderWay {
  count: number
  /** Wakes those who wait for an outcome. */
  wake(): void
  outcome: Promise<void>
}

type Made<T> = { full: Full } | { full?: never; result: T | undefined }

export class Attempts {
  readonly #limits: WindowLimits
  readonly #underWay = new Map<string, UnderWay>()

  constructor(limits: WindowLimits) {
    this.#limits = limits
  }

  /**
   * Makes one attempt within all `limits`. What `attempt` returns is a success, and undefined a failure; what it throws
   * is neither. Throws `rateLimited` when there were too many failures, and `unavailable` as WindowLimits does.
   */
  async run<T>(limits: readonly AttemptLimit[], attempt: () => Promise<T | undefined>): Promise<T | undefined> {
    for (;;) {
      const made = await this.#within(limits, attempt)
      if (!made.full) return made.result
      if (!made.full.outcome) throw tooMany(made.full)
      await made.full.outcome
    }
  }

  /** Takes a place in one window after the other, then makes the attempt; settles each place, whatever comes after it. */
  async #within<T>(
    [limit, ...others]: readonly AttemptLimit[],
    attempt: () => Promise<T | undefined>,
  ): Promise<Made<T>> {
    if (!limit) return { result: await attempt() }
    const taking = this.#limits.take(limit.key, limit.failures, limit.windowMs)
    const full = await whenThere(taking, allowance => this.#enter(limit, allowance))
    if (full) return { full }
    let failed = false
    try {
      const made = await this.#within(others, attempt)
      failed = !made.full && made.result === undefined
      return made
    } finally {
      await this.#settle(limit, failed)
    }
  }

  /** Notes a place that was taken, or who is under way where there was none: a moment later they may be done. */
  #enter(limit: AttemptLimit, { allowed, resetInMs }: Allowance): Full | undefined {
    if (!allowed) return { limit, resetInMs, outcome: this.#underWay.get(limit.key)?.outcome }
    this.#begin(limit.key)
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

  async #settle({ key }: AttemptLimit, failed: boolean): Promise<void> {
    try {
      if (!failed) await this.#limits.giveBack(key)
    } finally {
      this.#end(key)
    }
  }

  #end(key: string): void {
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
