// Takes of one key that come together share one statement, and statements on one key come one after the other: so what is
// remembered of a key is never older than what was last sent.

interface Group<Answer> {
  size: number
  answer: Promise<Answer>
}

export class Joint<Answer> {
  readonly #last = new Map<string, Promise<void>>()
  /** Those whose turn has not come yet. */
  readonly #gathering = new Map<string, Group<Answer>>()

  /**
   * Joins those who wait for their turn with `key`; `ask` is called once for all of them, with how many they are. What it
   * answers, and one's place among them, counted from nought.
   */
  async join(key: string, ask: (size: number) => Promise<Answer>): Promise<{ answer: Answer; place: number }> {
    const group = this.#gathering.get(key) ?? this.#gather(key, ask)
    const place = group.size++
    return { answer: await group.answer, place }
  }

  /** Does `work` once whatever was asked about `key` before is answered. */
  inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const turn = before.then(work)
    const forget = () => {
      if (this.#last.get(key) === last) this.#last.delete(key)
    }
    const last: Promise<void> = turn.then(forget, forget)
    this.#last.set(key, last)
    return turn
  }

  #gather(key: string, ask: (size: number) => Promise<Answer>): Group<Answer> {
    const answer = this.inTurn(key, () => {
      this.#gathering.delete(key)
      return ask(group.size)
    })
    const group: Group<Answer> = { size: 0, answer }
    this.#gathering.set(key, group)
    return group
  }
}
