// Durable writes wait for the disk, however little they write. Transactions that are asked for at the same time are
// therefore committed together: each is all or nothing for itself, and none is acknowledged before the disk has it.

import type { Kysely, Transaction } from 'kysely'
import { sql } from 'kysely'
import { DomainError } from '../errors.ts'
import type { Database } from './database.ts'
import { isBusy } from './sqlite-errors.ts'

interface Waiting {
  work(tx: Transaction<Database>): Promise<unknown>
  resolve(result: unknown): void
  reject(error: unknown): void
}

const savepoint = sql`savepoint work`
const release = sql`release work`
const rollBack = sql`rollback to work`

/** Readers wait for a group to end. */
const GROUP_MAX = 64
/** How long changes wait for another process that holds the database; who comes while others wait, no longer than they. */
const HELD_MAX_MS = 10_000

export class GroupCommit {
  readonly #db: Kysely<Database>
  readonly #inTransaction: () => boolean
  readonly #refused: (reason: string) => void
  readonly #waiting: Waiting[] = []
  #busy = false
  /** Since when another process has kept us from every change. */
  #heldSince: number | undefined

  /**
   * `inTransaction` tells whether the connection is in one: it has ended where a statement failed hard. `refused` is told
   * when another process has held the database for too long.
   */
  constructor(db: Kysely<Database>, inTransaction: () => boolean, refused: (reason: string) => void = () => {}) {
    this.#db = db
    this.#inTransaction = inTransaction
    this.#refused = refused
  }

  /** Runs `work` with others of this turn of the event loop. Settles once all of them are on the disk. */
  run<T>(work: (tx: Transaction<Database>) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve: result => resolve(result as T), reject })
      if (this.#busy) return
      this.#busy = true
      setImmediate(() => this.#next())
    })
  }

  async #next(): Promise<void> {
    await this.#commit(this.#waiting.splice(0, GROUP_MAX))
    // Reads that came meanwhile are answered first.
    if (this.#waiting.length > 0) setImmediate(() => this.#next())
    else this.#busy = false
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const outcomes: (() => void)[] = []
    const all = async (tx: Transaction<Database>) => {
      this.#heldSince = undefined
      for (const waiting of group) outcomes.push(await this.#attempt(tx, waiting))
    }
    try {
      // In between the connection is free for those who read.
      while (!(await this.#begun(all)));
    } catch (error) {
      for (const { reject } of group) reject(error)
      return
    }
    // Refusals too are told only now: what they are based on may be another one's change.
    for (const tell of outcomes) tell()
  }

  /** Runs `all` in a transaction; false where another process holds the database, and it may be worth another try. */
  async #begun(all: (tx: Transaction<Database>) => Promise<void>): Promise<boolean> {
    try {
      await this.#db.transaction().execute(all)
      return true
    } catch (error) {
      if (!isBusy(error) || !(error instanceof DomainError)) throw error
      this.#heldSince ??= performance.now()
      if (performance.now() - this.#heldSince < HELD_MAX_MS) return false
      this.#refused(error.message)
      throw error
    }
  }

  /** Does one piece of work, or leaves nothing of it. Throws where the whole transaction is lost. */
  async #attempt(tx: Transaction<Database>, { work, resolve, reject }: Waiting): Promise<() => void> {
    await savepoint.execute(tx)
    try {
      const result = await work(tx)
      await release.execute(tx)
      return () => resolve(result)
    } catch (error) {
      if (!this.#inTransaction()) throw error
      await rollBack.execute(tx)
      await release.execute(tx)
      return () => reject(error)
    }
  }
}
