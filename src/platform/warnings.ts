// What should be mended while the server serves: told on `/ready`, beside the log. It is one node's own view, of what that
// node met last.

import { countOf } from './count-of.ts'

/** What may be wrong without a request failing. */
export type Concern = 'mail' | 'webhooks' | 'clock'

const SAID: Record<Concern, (count: number) => string> = {
  mail: () => 'mail: the last attempt to send one failed; the log says why',
  webhooks: count =>
    `webhooks: ${countOf(count, 'endpoint', SUBJECTS_MAX)} did not take the last delivery; the log says which and why`,
  clock: () => 'clock: it was set within the last hour; the log says by how much',
}
/** So long a warning stands, unless it is withdrawn: by then it may be over, and another node may have seen that. */
const STANDS_MS = 3_600_000
/** As many subjects of a concern are kept; of more, the last. */
const SUBJECTS_MAX = 1000

export class Warnings {
  readonly #concerns = new Map<Concern, Map<string, number>>()
  readonly #monotonic: () => number

  /** `monotonic` gives milliseconds that no setting of the clock moves. */
  constructor(monotonic: () => number = () => performance.now()) {
    this.#monotonic = monotonic
  }

  /** `subject` failed just now: an endpoint's id, say; where a concern is about one thing, nothing. */
  raise(concern: Concern, subject = ''): void {
    const subjects = this.#concerns.get(concern) ?? new Map<string, number>()
    this.#concerns.set(concern, subjects)
    // The one that was raised last is last.
    subjects.delete(subject)
    subjects.set(subject, this.#monotonic() + STANDS_MS)
    const [oldest] = subjects.keys()
    if (subjects.size > SUBJECTS_MAX && oldest !== undefined) subjects.delete(oldest)
  }

  /** `subject` is well again. */
  withdraw(concern: Concern, subject = ''): void {
    this.#concerns.get(concern)?.delete(subject)
  }

  /** A sentence for each concern that has something to mend; they name no tenant. */
  list(): string[] {
    const now = this.#monotonic()
    const said: string[] = []
    for (const [concern, subjects] of this.#concerns) {
      for (const [subject, until] of subjects) if (until <= now) subjects.delete(subject)
      if (subjects.size > 0) said.push(SAID[concern](subjects.size))
    }
    return said
  }
}
