// What reads have answered, for as long as nothing has changed since. The store says when something has: not a single
// answer is older than the question.

const ANSWERS_MAX = 4096
/** Of all that is remembered, in characters. */
const SIZE_MAX = 8 * 1024 * 1024
/** A larger answer is not worth its place, nor is a longer question. */
const ANSWER_SIZE_MAX = 64 * 1024
const KEY_LENGTH_MAX = 500

type Rows = readonly Readonly<Record<string, unknown>>[]

export class Remembered {
  readonly #answers = new Map<string, Map<string, Rows>>()
  #count = 0
  #size = 0

  find(sql: string, parameters: readonly unknown[]): Rows | undefined {
    return this.#answers.get(sql)?.get(keyOf(parameters))
  }

  /** From now on nobody may change the rows: whoever asks the same gets the same objects. */
  keep(sql: string, parameters: readonly unknown[], rows: Rows): void {
    const key = keyOf(parameters)
    const size = key.length + sizeOf(rows)
    if (key.length > KEY_LENGTH_MAX || size > ANSWER_SIZE_MAX) return
    if (this.#count >= ANSWERS_MAX || this.#size + size > SIZE_MAX) this.clear()
    for (const row of rows) Object.freeze(row)
    const answers = this.#answers.get(sql) ?? new Map<string, Rows>()
    this.#answers.set(sql, answers)
    answers.set(key, Object.freeze(rows))
    this.#count++
    this.#size += size
  }

  clear(): void {
    if (this.#count === 0) return
    this.#answers.clear()
    this.#count = 0
    this.#size = 0
  }
}

function keyOf(parameters: readonly unknown[]): string {
  return JSON.stringify(parameters)
}

/** Characters, and a few for each cell. */
function sizeOf(rows: Rows): number {
  let size = 0
  for (const row of rows) {
    for (const value of Object.values(row)) size += typeof value === 'string' ? 8 + value.length : 8
  }
  return size
}
