import type { Clock } from '../clock.ts'

/** Collects when each credential was last used; a job writes it down now and then, not each request. */
export class Usage {
  readonly #clock: Clock
  #lastUsed = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  note(credentialId: string): void {
    this.#lastUsed.set(credentialId, this.#clock.now())
  }

  /** Takes back what could not be written down. */
  giveBack(taken: ReadonlyMap<string, number>): void {
    this.#lastUsed = new Map([...taken, ...this.#lastUsed])
  }

  /** Hands over what was collected since the last call: credential id to milliseconds. */
  take(): Map<string, number> {
    const taken = this.#lastUsed
    this.#lastUsed = new Map()
    return taken
  }
}
