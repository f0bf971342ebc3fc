// Says in the log that the database went away, and that it is back: once each, whatever fails meanwhile.

import type { Log } from '../log.ts'

export class Availability {
  readonly #log: Log | undefined
  readonly #place: string
  #awaySince: number | undefined

  /** `place` is shown: it holds neither user nor password. */
  constructor(log: Log | undefined, place: string) {
    this.#log = log
    this.#place = place
  }

  /** No connection could be opened. */
  lost(reason: string): void {
    if (this.#awaySince !== undefined) return
    this.#awaySince = performance.now()
    this.#log?.error(
      { database: this.#place, reason },
      'the database is away: requests get 503 until it is back, without a restart',
    )
  }

  /** A connection was opened. */
  found(): void {
    if (this.#awaySince === undefined) return
    const awayMs = Math.round(performance.now() - this.#awaySince)
    this.#awaySince = undefined
    this.#log?.info({ database: this.#place, awayMs }, 'the database is back')
  }
}
