// Whether the store takes changes. It may answer reads and refuse every change: its disk is full, or it is a copy of
// another. That is said in the log once, and it is tried again until a change goes through.

import type { Log } from '../log.ts'

/** How soon it is tried again; and so long nothing may have been refused before it counts as over. */
const RETRY_MS = 1000

export class Changes {
  readonly #log: Log | undefined
  readonly #attempt: () => Promise<void>
  #refusal: { reason: string; since: number; last: number } | undefined
  #timer: NodeJS.Timeout | undefined

  /** `attempt` changes something that nobody notices; it rejects where the store refuses that. */
  constructor(log: Log | undefined, attempt: () => Promise<void>) {
    this.#log = log
    this.#attempt = attempt
  }

  /** Why changes are refused just now, in an operator's words; undefined where nothing is known against them. */
  get refusal(): string | undefined {
    return this.#refusal?.reason
  }

  refused(reason: string): void {
    const now = performance.now()
    if (this.#refusal) {
      this.#refusal.reason = reason
      this.#refusal.last = now
      return
    }
    this.#refusal = { reason, since: now, last: now }
    this.#log?.error({ reason }, 'the store refuses changes: they get 503 until it takes them, without a restart')
    this.#tryLater()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #tryLater(): void {
    this.#timer = setTimeout(() => void this.#try(), RETRY_MS).unref()
  }

  async #try(): Promise<void> {
    const accepted = await this.#attempt().then(
      () => true,
      () => false,
    )
    // Closed meanwhile.
    if (this.#timer === undefined || !this.#refusal) return
    const { since, last } = this.#refusal
    if (!accepted || performance.now() - last < RETRY_MS) return this.#tryLater()
    this.#refusal = undefined
    this.#log?.info({ refusedMs: Math.round(performance.now() - since) }, 'the store takes changes again')
  }
}
