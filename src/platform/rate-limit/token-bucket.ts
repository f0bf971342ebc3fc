// A request limit per key as a bucket of one second's requests that fills up evenly: a burst of a whole bucket, then
// one request each time a token has dripped in.

import type { Clock } from '../clock.ts'

export interface BucketLimits {
  /**
   * Takes one request from `key`, whose bucket holds and regains `perSecond`. False: refused, and nothing was taken.
   * Answers at once where it can. Throws `unavailable` when the counts are in a store that does not answer.
   */
  take(key: string, perSecond: number): boolean | Promise<boolean>
}

interface Bucket {
  tokens: number
  /** When `tokens` was counted; milliseconds since the epoch. */
  at: number
}

export const FILL_MS = 1000
/** What a sum of fractions may lack of a whole token. */
export const ROUNDING = 1e-9

/** Counts per key in memory. A bucket that is full again is dropped as others are used, so memory follows the keys in use. */
export class TokenBuckets implements BucketLimits {
  readonly #clock: Clock
  /** The bucket that was used longest ago comes first. */
  readonly #buckets = new Map<string, Bucket>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  take(key: string, perSecond: number): boolean {
    const now = this.#clock.now()
    const tokens = this.#tokensOf(key, perSecond, now)
    const allowed = tokens >= 1 - ROUNDING
    this.#dropFull(now)
    this.#buckets.delete(key)
    this.#buckets.set(key, { tokens: allowed ? tokens - 1 : tokens, at: now })
    return allowed
  }

  #tokensOf(key: string, perSecond: number, now: number): number {
    const bucket = this.#buckets.get(key)
    if (!bucket) return perSecond
    // A clock that was set back gives nothing and takes nothing.
    const elapsedMs = Math.max(0, now - bucket.at)
    return Math.min(perSecond, bucket.tokens + (elapsedMs * perSecond) / FILL_MS)
  }

  /** Two steps for each use: every bucket that stands first has been full since one second after its last use. */
  #dropFull(now: number): void {
    let steps = 2
    for (const [key, { at }] of this.#buckets) {
      // One of the future is from before the clock was set back, and is full at the latest when it is looked at anew.
      if (Math.abs(now - at) < FILL_MS || steps-- === 0) return
      this.#buckets.delete(key)
    }
  }
}
