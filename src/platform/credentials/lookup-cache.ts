// Remembers what a credential opens, so that a request need not read it from the store again. Forgets everything as
// soon as anything that it depends on may have changed: correctness first, the hit rate takes care of itself.

const ENTRIES_MAX = 10_000
/** How long what another process changed may go unnoticed; our own changes are noticed at once. */
const FOREIGN_CHECK_MS = 20

export class LookupCache {
  readonly #foreignVersion: () => number
  readonly #elapsed: () => number
  readonly #entries = new Map<string, unknown>()
  #generation = 0
  #seenVersion = 0
  #checkedAt = Number.NEGATIVE_INFINITY

  /** `foreignVersion` grows when another process commits to the store. `elapsed` counts milliseconds, and never back. */
  constructor(foreignVersion: () => number, elapsed = () => performance.now()) {
    this.#foreignVersion = foreignVersion
    this.#elapsed = elapsed
  }

  /** The value under `key`, at once from memory or else from `load`. `undefined` is not remembered. */
  get<T>(key: string, load: () => Promise<T | undefined>): T | Promise<T | undefined> {
    this.#noticeForeign()
    const known = this.#entries.get(key)
    // One key is only ever asked for with one type: its prefix is its owner's.
    return known === undefined ? this.#load(key, load) : (known as T)
  }

  async #load<T>(key: string, load: () => Promise<T | undefined>): Promise<T | undefined> {
    const generation = this.#generation
    const loaded = await load()
    // Cleared while loading: what was read may be older than the change.
    if (loaded !== undefined && generation === this.#generation) {
      if (this.#entries.size >= ENTRIES_MAX) this.#entries.clear()
      this.#entries.set(key, loaded)
    }
    return loaded
  }

  #noticeForeign(): void {
    // A span, not a time of day: no clock that is moved may stretch it.
    const now = this.#elapsed()
    if (now - this.#checkedAt < FOREIGN_CHECK_MS) return
    this.#checkedAt = now
    const version = this.#foreignVersion()
    if (version !== this.#seenVersion) this.clear()
    this.#seenVersion = version
  }

  clear(): void {
    this.#entries.clear()
    this.#generation++
  }
}
