// What is remembered by key for as long as a window of time is open.

/** Windows that ended are dropped as new ones open, so memory follows the keys in use. */
export class OpenWindows<Window extends { endsAt: number }> {
  readonly #slackMs: number
  /** By their length, so that in each the oldest come first: a long one would hold up the short ones behind it. */
  readonly #lengths = new Map<number, Map<string, Window>>()

  /** A window that ends later than its length and `slackMs` from now is not open: the clock was set back. */
  constructor(slackMs = 0) {
    this.#slackMs = slackMs
  }

  /** How many windows are remembered. */
  get size(): number {
    return this.#lengths.values().reduce((sum, windows) => sum + windows.size, 0)
  }

  /** The window of `key` that is open at `now`. */
  find(key: string, windowMs: number, now: number): Window | undefined {
    const window = this.#lengths.get(windowMs)?.get(key)
    if (!window || now >= window.endsAt || window.endsAt - now > windowMs + this.#slackMs) return undefined
    return window
  }

  /** Every window of `key`, open or not. */
  ofKey(key: string): Window[] {
    return [...this.#lengths.values()].flatMap(windows => windows.get(key) ?? [])
  }

  put(key: string, windowMs: number, now: number, window: Window): void {
    const windows = this.#lengths.get(windowMs) ?? new Map<string, Window>()
    this.#lengths.set(windowMs, windows)
    dropEnded(windows, now, now + windowMs + this.#slackMs)
    windows.delete(key)
    windows.set(key, window)
  }
}

/**
 * Two steps for each window that opens: the oldest windows come first in a Map, so none stays for long. One that ends after
 * `latest` is from before the clock was set back.
 */
function dropEnded(windows: Map<string, { endsAt: number }>, now: number, latest: number): void {
  let steps = 2
  for (const [key, window] of windows) {
    if ((window.endsAt > now && window.endsAt <= latest) || steps-- === 0) return
    windows.delete(key)
  }
}
