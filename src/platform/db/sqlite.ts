// Kysely on the runtime's own SQLite: one connection, every statement prepared once.

import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from 'kysely'
import { isBusy } from './sqlite-errors.ts'
import type { SqliteFile } from './sqlite-file.ts'

const STATEMENTS_MAX = 500
/** How long who opens a store waits for another process that holds it. */
const LOCK_WAIT_MS = 10_000
/** SQLite waits with the whole process: later on it does so for a moment, and we in turns, in which reads go on. */
const LOCK_TRY_MS = 20
const LOCK_PAUSE_MS = 50
/** How long a statement waits. A transaction is asked for again: group-commit.ts. */
const PATIENCE_MS = 300

interface Prepared {
  statement: StatementSync
  /** Makes a row of its cells; undefined when it returns no rows. */
  rowOf: RowMaker | undefined
}

type RowMaker = (cells: unknown[]) => unknown

/** Opens (and makes) a database file, or `:memory:`, with the durability that the architecture promises. */
export function openSqlite(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: LOCK_WAIT_MS, enableForeignKeyConstraints: true })
  // FULL: an acknowledged commit survives a power cut. WAL: a second process can read while we write.
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma temp_store = memory')
  // Pages that many commits change are moved into the file once; and pages in use are kept, in KiB.
  database.exec('pragma wal_autocheckpoint = 4000; pragma cache_size = -16000')
  database.exec(`pragma busy_timeout = ${LOCK_TRY_MS}`)
  return database
}

export function sqliteDialect(database: DatabaseSync, connection: SqliteConnection): Dialect {
  return {
    createAdapter: () => new TransactionalSqliteAdapter(),
    createDriver: () => new SqliteDriver(database, connection),
    createIntrospector: db => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

class TransactionalSqliteAdapter extends SqliteAdapter {
  // SQLite rolls back DDL too, so a migration is applied whole or not at all, and two starting processes take turns.
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

/** The one connection. Kysely lets one query or transaction use it at a time. */
export class SqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync
  readonly #file: SqliteFile | undefined
  readonly #prepared = new Map<string, Prepared>()
  /** Grows with each statement of ours that may change something. */
  #changes = 0
  #othersVersion = Number.NaN
  /** How long a statement waits for another process that holds the database; the connection is taken meanwhile. */
  patienceMs = PATIENCE_MS
  /** Between `begin` and `commit` or `rollback`. */
  inTransaction = false

  /** `file` is a server's: with it, whoever asks is told of the file's troubles. */
  constructor(database: DatabaseSync, file?: SqliteFile) {
    this.#database = database
    this.#file = file
  }

  /** The same again as long as nothing was changed, by us or by another process. Within `readTogether`: of what is read there. */
  version(): { ours: number; others: number } {
    const { statement } = this.#prepare('pragma data_version')
    const [row] = statement.all() as unknown as [[number]]
    const [others] = row
    // Another process may have changed the tables too: what rows are made of is looked up anew.
    if (others !== this.#othersVersion) this.#prepared.clear()
    this.#othersVersion = others
    return { ours: this.#changes, others }
  }

  /** Runs reads at once, past everybody who waits, in one transaction; false when another one has the connection. */
  readTogether(reads: readonly (() => void)[]): boolean {
    if (this.#database.isTransaction) return false
    this.#file?.assertUsable()
    try {
      this.#prepare('begin').statement.run()
      try {
        for (const read of reads) read()
      } finally {
        // A statement that fails hard has ended it already.
        if (this.#database.isTransaction) this.#prepare('commit').statement.run()
      }
    } catch (error) {
      throw this.#told(error, false)
    }
    return true
  }

  all<R>(query: CompiledQuery<R>): R[] {
    try {
      // Kysely hands over what the typed query was given; the tables hold nothing but text, numbers and null.
      const { statement, rowOf } = this.#prepare(query.sql)
      return rowsOf(statement.all(...(query.parameters as SQLInputValue[])), rowOf)
    } catch (error) {
      throw this.#told(error, false)
    }
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const until = performance.now() + this.patienceMs
    for (;;) {
      try {
        return this.#execute<R>(query)
      } catch (error) {
        // Within a transaction nobody can be in our way.
        const waits = this.#file && isBusy(error) && !this.#database.isTransaction
        if (!waits || performance.now() > until) throw this.#told(error, query.query.kind !== 'SelectQueryNode')
      }
      await setTimeout(LOCK_PAUSE_MS)
    }
  }

  #execute<R>(query: CompiledQuery): QueryResult<R> {
    this.#file?.assertUsable()
    // A statement that failed hard has ended the transaction: those after it would each be committed by itself.
    if (this.inTransaction && !this.#database.isTransaction) throw new Error('the transaction has ended with a failure')
    const { statement, rowOf } = this.#prepare(query.sql)
    if (query.query.kind !== 'SelectQueryNode') this.#changes++
    const parameters = query.parameters as SQLInputValue[]
    if (rowOf) return { rows: rowsOf(statement.all(...parameters), rowOf) }
    const { changes } = statement.run(...parameters)
    return { rows: [], numAffectedRows: BigInt(changes) }
  }

  /** Throws where what was committed just now went into a file that is gone. */
  assertThere(): void {
    this.#file?.assertThere()
  }

  #told(error: unknown, changing: boolean): unknown {
    return this.#file ? this.#file.told(error, changing) : error
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query)
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql)
    if (known) return known
    const statement = this.#database.prepare(sql)
    statement.setReturnArrays(true)
    const prepared = {
      statement,
      rowOf: rowMaker(statement.columns().map(({ name }) => name)),
    }
    if (this.#prepared.size >= STATEMENTS_MAX) this.#prepared.clear()
    this.#prepared.set(sql, prepared)
    return prepared
  }
}

/**
 * What makes a row of its cells, as an ordinary object: those that the driver makes are hash tables, and slow down
 * everything that reads them. Compiled, for an object that is put together name by name costs as much as its query.
 */
function rowMaker(columns: string[]): RowMaker | undefined {
  if (columns.length === 0) return undefined
  const fields = columns.map((name, index) => `${JSON.stringify(name)}: cells[${index}]`)
  // Names of our own queries' columns, as literals: nothing of a request is ever in them.
  return new Function('cells', `return { ${fields.join(', ')} }`) as RowMaker
}

function rowsOf<R>(rows: unknown, rowOf: RowMaker | undefined): R[] {
  // With setReturnArrays each row is an array of its cells.
  return rowOf ? ((rows as unknown[][]).map(rowOf) as R[]) : []
}

class SqliteDriver implements Driver {
  readonly #database: DatabaseSync
  readonly #connection: SqliteConnection

  constructor(database: DatabaseSync, connection: SqliteConnection) {
    this.#database = database
    this.#connection = connection
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection
  }

  async releaseConnection(): Promise<void> {}

  // `immediate` takes the write lock at once: a read inside the transaction can never be outdated when it writes.
  async beginTransaction(connection: DatabaseConnection, { accessMode }: TransactionSettings): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(accessMode === 'read only' ? 'begin' : 'begin immediate'))
    this.#connection.inTransaction = true
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
    this.#connection.inTransaction = false
    this.#connection.assertThere()
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    this.#connection.inTransaction = false
    // A statement that fails hard (disk full) has already rolled back; a second rollback would hide its error.
    if (this.#database.isTransaction) await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async destroy(): Promise<void> {
    if (this.#database.isOpen) this.#database.close()
  }
}
