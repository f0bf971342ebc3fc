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

type Windows = Map<string, Window>

/**
 * Counts per key in memory; a key has windows of one length. Windows that ended are dropped as new ones open, so memory
 * follows the keys in use.
 */
export class FixedWindow {
  readonly #clock: Clock
  /** By their length, so that in each the oldest come first: a long one would hold up the short ones behind it. */
  readonly #windows = new Map<number, Windows>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many windows are remembered. */
  get size(): number {
    return this.#windows.values().reduce((sum, windows) => sum + windows.size, 0)
  }

  /** Takes one request of `limit` per `windowMs` from `key`. A refused request takes nothing. */
  take(key: string, limit: number, windowMs: number): Allowance {
    const now = this.#clock.now()
    const windows = this.#ofLength(windowMs)
    let window = windows.get(key)
    // A window lies in the future by more than its length only when the clock was set back.
    if (!window || now >= window.endsAt || window.endsAt - now > windowMs) {
      dropEnded(windows, now)
      windows.delete(key)
      window = { used: 0, endsAt: now + windowMs }
      windows.set(key, window)
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
    for (const windows of this.#windows.values()) {
      const window = windows.get(key)
      // A window that ended is never counted from again.
      if (window && window.used > 0) window.used--
    }
  }

  #ofLength(windowMs: number): Windows {
    const known = this.#windows.get(windowMs)
    if (known) return known
    const windows: Windows = new Map()
    this.#windows.set(windowMs, windows)
    return windows
  }
}

/** Two steps for each window that opens: the oldest windows come first in a Map, so none stays for long. */
function dropEnded(windows: Windows, now: number): void {
  let steps = 2
  for (const [key, window] of windows) {
    if (window.endsAt > now || steps-- === 0) return
    windows.delete(key)
  }
}
