// What a part of the torture did, and which promises it saw broken.

/** Some hundred of the same say no more than the first. */
const FAILURES_MAX = 50

/** What the command writes when it is told to: a section of a page, or a whole file. */
export interface Page {
  /** From the root of the project. */
  path: string
  /** Between which markers; all of the file where it is not said. */
  section?: string
  text: string
}

export interface Outcome {
  /** How often each thing was done or seen, in the order of the first time. */
  counts: Record<string, number>
  /** Each a sentence: what was promised, what came instead, and how to see it again. */
  failures: string[]
  /** All of them, those that are left out of `failures` too. */
  failed: number
  /** What cannot be done on this machine. */
  leftOut: string[]
  pages: Page[]
}

export class Findings {
  readonly #counts: Record<string, number> = {}
  readonly #failures: string[] = []
  readonly #leftOut: string[] = []
  readonly #pages: Page[] = []
  #failed = 0

  /**
   * Counts what was done or seen `times` times more. Naming it with 0 makes it stand in the summary: for what should not be
   * seen, not for what could not be done.
   */
  count(what: string, times = 1): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + times
  }

  /** Something that was to be done, and why it cannot be on this machine. */
  leaveOut(what: string): void {
    this.#leftOut.push(what)
  }

  /** A promise that is broken. */
  fail(what: string): void {
    this.#failed++
    if (this.#failures.length < FAILURES_MAX) this.#failures.push(what)
  }

  /** A result that is more than its counts. */
  page(page: Page): void {
    this.#pages.push(page)
  }

  outcome(): Outcome {
    const [counts, failures, pages] = [{ ...this.#counts }, [...this.#failures], [...this.#pages]]
    return { counts, failures, failed: this.#failed, leftOut: [...this.#leftOut], pages }
  }
}
