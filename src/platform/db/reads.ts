// Reads of many requests at once. All that are asked for in one turn of the event loop are answered together at its end:
// opening a transaction costs as much as a read, and a server under load works faster when it does the same thing many
// times in a row than when it carries one request after the other through all of its code.

import type { CompiledQuery, Kysely } from 'kysely'
import type { Database } from './database.ts'
import type { SqliteConnection } from './sqlite.ts'

interface Read {
  /** Answers now, on the connection. */
  together(): void
  /** Answers when it is its turn. */
  alone(): void
  fail(error: unknown): void
}

export class Reads {
  readonly #connection: SqliteConnection
  readonly #db: Kysely<Database>
  #waiting: Read[] = []

  constructor(connection: SqliteConnection, db: Kysely<Database>) {
    this.#connection = connection
    this.#db = db
  }

  /** The rows as they are at the end of this turn; after a transaction that is under way then. */
  soon<Row>(query: CompiledQuery<Row>): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      const read: Read = {
        together: () => {
          try {
            resolve(this.#connection.all(query))
          } catch (error) {
            reject(error)
          }
        },
        alone: () => resolve(this.#db.executeQuery(query).then(({ rows }) => rows)),
        fail: reject,
      }
      if (this.#waiting.push(read) === 1) setImmediate(() => this.#answer())
    })
  }

  #answer(): void {
    const reads = this.#waiting
    this.#waiting = []
    try {
      if (this.#connection.readTogether(reads.map(({ together }) => together))) return
      for (const { alone } of reads) alone()
    } catch (error) {
      // Whoever has its answer already is not told.
      for (const { fail } of reads) fail(error)
    }
  }
}
