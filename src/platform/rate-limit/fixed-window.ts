// A request limit per key in a window that the key's first request opens, as the vendors count. Why our own and not a
// library: docs/decisions/0003-rate-limit.md.

import type { Clock } from '../clock.ts'
import { OpenWindows } from './open-windows.ts'

export interface Allowance {
  allowed: boolean
  limit: number
  remaining: number
  /** Milliseconds since the epoch at which the window ends. */
  resetAt: number
  /** The same, counted from now. */
  resetInMs: number
}

/** Counts per key; a key has windows of one length. Answers at once where it can. */
export interface WindowLimits {
  /**
   * Takes one request of `limit` per `windowMs` from `key`. A refused request takes nothing. Throws `unavailable` when
   * the counts are in a store that does not answer.
   */
  take(key: string, limit: number, windowMs: number): Allowance | Promise<Allowance>
  /**
   * Gives back one request that was taken from `key`, if its window is still open: who counts only failures takes
   * first, so that attempts made at once are all counted, and gives back after a success.
   */
  giveBack(key: string): Promise<void> | undefined
}

interface Window {
  used: number
  endsAt: number
}

/** Counts in memory. */
export class FixedWindow implements WindowLimits {
  readonly #clock: Clock
  readonly #windows = new OpenWindows<Window>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many windows are remembered. */
  get size(): number {
    return this.#windows.size
  }

  take(key: string, limit: number, windowMs: number): Allowance {
    const now = this.#clock.now()
    const window = this.#windows.find(key, windowMs, now) ?? this.#open(key, windowMs, now)
    const allowed = window.used < limit
    if (allowed) window.used++
    return {
      allowed,
      limit,
      remaining: Math.max(0, limit - window.used),
      resetAt: window.endsAt,
      resetInMs: window.endsAt - now,
    }
  }

  giveBack(key: string): undefined {
    // A window that ended is never counted from again.
    for (const window of this.#windows.ofKey(key)) if (window.used > 0) window.used--
  }

  #open(key: string, windowMs: number, now: number): Window {
    const window = { used: 0, endsAt: now + windowMs }
    this.#windows.put(key, windowMs, now, window)
    return window
  }
}
