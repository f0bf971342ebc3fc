// A request limit per key in a window that the key's first request opens, as the vendors count. Why our own and not a
// library: docs/decisions/0003-rate-limit.md.

import type { Clock } from '../clock.ts'

interface Window {
  used: number
  endsAt: number
}

export interface Allowance {
  allowed: boolean
  limit: number
  remaining: number
  /** Milliseconds since the epoch at which the window ends. */
  resetAt: number
  /** The same, counted from now. */
  resetInMs: number
}

/** Counts per key in memory. Windows that ended are dropped as new ones open, so memory follows the keys in use. */
export class FixedWindow {
  readonly #clock: Clock
  readonly #windows = new Map<string, Window>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes one request of `limit` per `windowMs` from `key`. A refused request takes nothing. */
  take(key: string, limit: number, windowMs: number): Allowance {
    const now = this.#clock.now()
    let window = this.#windows.get(key)
    // A window lies in the future by more than its length only when the clock was set back.
    if (!window || now >= window.endsAt || window.endsAt - now > windowMs) {
      this.#dropEnded(now)
      this.#windows.delete(key)
      window = { used: 0, endsAt: now + windowMs }
      this.#windows.set(key, window)
    }
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

  /**
   * Gives back one request that was taken from `key`, if its window is still open: who counts only failures takes
   * first, so that attempts made at once are all counted, and gives back after a success.
   */
  giveBack(key: string): void {
    const window = this.#windows.get(key)
    // A window that ended is never counted from again.
    if (window && window.used > 0) window.used--
  }

  /** Two steps for each window that opens: the oldest windows come first in a Map, so none stays for long. */
  #dropEnded(now: number): void {
    let steps = 2
    for (const [key, window] of this.#windows) {
      if (window.endsAt > now || steps-- === 0) return
      this.#windows.delete(key)
    }
  }
}
