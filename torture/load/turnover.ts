// What comes and goes under load, so that the store stays about its size: for each that was made, the oldest is removed.

export class Turnover<T> {
  readonly #present: T[]
  readonly #size: number

  /** `present` are there already, and are to go first. */
  constructor(present: readonly T[]) {
    this.#present = [...present]
    this.#size = present.length
  }

  /** It was acknowledged: from now on it may go. */
  arrived(item: T): void {
    this.#present.push(item)
  }

  /** The one whose turn it is to go, which nobody asks for any more; undefined when another is to come. */
  leaving(): T | undefined {
    return this.#present.length > this.#size ? this.#present.shift() : undefined
  }
}
