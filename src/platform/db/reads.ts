// Reads of many requests at once. All that are asked for in one turn of the event loop are answered together at its end:
// opening a transaction costs as much as a read, and a server under load works faster when it does the same thing many
// times in a row than when it carries one request after the other through all of its code. What was read already, and has
// not changed since, is not read again.

import type { CompiledQuery, Kysely } from 'kysely'
import type { Database } from './database.ts'
import { Remembered } from './remembered.ts'
import type { SqliteConnection } from './sqlite.ts'
import { isBusy } from './sqlite-errors.ts'

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
  readonly #remembered = new Remembered()
  #seen = { ours: Number.NaN, others: Number.NaN }
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
            resolve(this.#read(query))
          } catch (error) {
            if (isBusy(error)) read.alone()
            else reject(error)
          }
        },
        alone: () => resolve(this.#db.executeQuery(query).then(({ rows }) => rows)),
        fail: reject,
      }
      if (this.#waiting.push(read) === 1) setImmediate(() => this.#answer())
    })
  }

  #read<Row>(query: CompiledQuery<Row>): Row[] {
    const { sql, parameters } = query
    const known = this.#remembered.find(sql, parameters)
    // One statement with the same parameters has only ever one type of row.
    if (known) return known as Row[]
    const rows = this.#connection.all(query)
    this.#remembered.keep(sql, parameters, rows as Record<string, unknown>[])
    return rows
  }

  #forgetChanged(): void {
    const { ours, others } = this.#connection.version()
    if (ours !== this.#seen.ours || others !== this.#seen.others) this.#remembered.clear()
    this.#seen = { ours, others }
  }

  #answer(): void {
    const reads = this.#waiting
    this.#waiting = []
    try {
      if (this.#connection.readTogether([() => this.#forgetChanged(), ...reads.map(({ together }) => together)])) return
      for (const { alone } of reads) alone()
    } catch (error) {
      if (isBusy(error)) {
        for (const { alone } of reads) alone()
        return
      }
      // Whoever has its answer already is not told.
      for (const { fail } of reads) fail(error)
    }
  }
}
