// Says in the log that the database went away, and that it is back: once each, whatever fails meanwhile.

import type { Log } from '../log.ts'

export class Availability {
  readonly #log: Log | undefined
  readonly #place: string
  #awaySince: number | undefined
  /** How many connections were opened so far. */
  #opened = 0

  /** `place` is shown: it holds neither user nor password. */
  constructor(log: Log | undefined, place: string) {
    this.#log = log
    this.#place = place
  }

  /**
   * A connection begins to be opened. Returns what is called, with the reason, where it cannot be. That may take as long as
   * the time limit of it: where another one was opened meanwhile, the database is not away, and nothing is said.
   */
  opening(): (reason: string) => void {
    const opened = this.#opened
    return reason => {
      if (opened === this.#opened) this.#lost(reason)
    }
  }

  #lost(reason: string): void {
    if (this.#awaySince !== undefined) return
    this.#awaySince = performance.now()
    this.#log?.error(
      { database: this.#place, reason },
      'the database is away: requests get 503 until it is back, without a restart',
    )
  }

  /** A connection was opened. */
  found(): void {
    this.#opened++
    if (this.#awaySince === undefined) return
    const awayMs = Math.round(performance.now() - this.#awaySince)
    this.#awaySince = undefined
    this.#log?.info({ database: this.#place, awayMs }, 'the database is back')
  }
}
