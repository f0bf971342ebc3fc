// Kysely on PostgreSQL: a pool for transactions and ordinary queries, and connections on which the
// statements of many requests travel together.

import { createHash } from 'node:crypto'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresDialect,
  type QueryResult,
} from 'kysely'
import pg from 'pg'
import { DomainError } from '../errors.ts'

export interface PostgresSettings {
  /** How many connections the pool may open; one more serves reads, and one rate limits. */
  poolMax: number
  /** After so long the server gives up a statement, and we a connection that does not come. */
  statementTimeoutMs: number
}

/** int8 and numeric (sums): our numbers are counts and places, far below 2^53. */
const NUMBERS = new Set([20, 1700])
const APPLICATION = 'understudy'
/** How long an idle transaction holds its locks before the server ends it: longer than any of ours waits. */
const IDLE_IN_TRANSACTION_MS = 60_000

/** A dialect whose connections are opened as they are needed. Its failures are DomainErrors where the store is away. */
export function postgresDialect(url: string, settings: PostgresSettings): Dialect {
  const pool = new pg.Pool({ ...clientSettings(url, settings), max: settings.poolMax })
  // A connection that breaks while nobody uses it is dropped; whoever comes next opens another.
  pool.on('error', () => {})
  const dialect = new PostgresDialect({ pool })
  return {
    createAdapter: () => dialect.createAdapter(),
    createDriver: () => new TellingDriver(dialect.createDriver()),
    createIntrospector: db => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  }
}

function clientSettings(url: string, { statementTimeoutMs }: PostgresSettings): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: APPLICATION,
    statement_timeout: statementTimeoutMs,
    connectionTimeoutMillis: statementTimeoutMs,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    keepAlive: true,
    types: { getTypeParser: typeParser },
  }
}

const typeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  NUMBERS.has(oid) ? Number : pg.types.getTypeParser(oid, format)

/**
 * Statements outside transactions, each by itself. They are sent as they come, without waiting for each other's answers,
 * and planned once by name.
 */
export class PostgresPipeline {
  readonly #url: string
  readonly #settings: PostgresSettings
  #client: Promise<pg.Client> | undefined
  #closed = false
  readonly #names = new Map<string, string>()

  constructor(url: string, settings: PostgresSettings) {
    this.#url = url
    this.#settings = settings
  }

  async run<Row>({ sql, parameters }: Pick<CompiledQuery<Row>, 'sql' | 'parameters'>): Promise<Row[]> {
    if (parameters.some(isNowhere)) return []
    try {
      const client = await this.#connected()
      const { rows } = await client.query({ name: this.#nameOf(sql), text: sql, values: [...parameters] })
      return rows as Row[]
    } catch (error) {
      throw told(error)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const client = await this.#client?.catch(() => undefined)
    await client?.end()
  }

  #connected(): Promise<pg.Client> {
    if (this.#closed) throw new DomainError('unavailable', 'the store is closed')
    this.#client ??= this.#connect()
    return this.#client
  }

  async #connect(): Promise<pg.Client> {
    const settings: pg.ClientConfig & { pipeline: boolean } = {
      ...clientSettings(this.#url, this.#settings),
      pipeline: true,
    }
    const client = new pg.Client(settings)
    // The next one connects anew; those under way are told by their own errors.
    const forget = () => {
      this.#client = undefined
    }
    client.on('error', forget).on('end', forget)
    try {
      await client.connect()
    } catch (error) {
      forget()
      throw error
    }
    return client
  }

  #nameOf(sql: string): string {
    const known = this.#names.get(sql)
    if (known) return known
    const name = createHash('sha256').update(sql).digest('base64url').slice(0, 32)
    this.#names.set(sql, name)
    return name
  }
}

/** The library's driver, whose errors say when the store is away. */
class TellingDriver implements Driver {
  readonly #driver: Driver

  constructor(driver: Driver) {
    this.#driver = driver
  }

  init: Driver['init'] = options => this.#driver.init(options)

  async acquireConnection(...args: Parameters<Driver['acquireConnection']>): Promise<DatabaseConnection> {
    try {
      return new TellingConnection(await this.#driver.acquireConnection(...args))
    } catch (error) {
      throw told(error)
    }
  }

  beginTransaction: Driver['beginTransaction'] = (connection, settings) =>
    telling(this.#driver.beginTransaction(inner(connection), settings))

  commitTransaction: Driver['commitTransaction'] = connection =>
    telling(this.#driver.commitTransaction(inner(connection)))

  rollbackTransaction: Driver['rollbackTransaction'] = connection =>
    // A connection that is gone has rolled back by itself; its own error is the one to tell.
    this.#driver.rollbackTransaction(inner(connection)).catch(() => {})

  releaseConnection: Driver['releaseConnection'] = connection => this.#driver.releaseConnection(inner(connection))

  destroy: Driver['destroy'] = () => this.#driver.destroy()
}

class TellingConnection implements DatabaseConnection {
  readonly connection: DatabaseConnection

  constructor(connection: DatabaseConnection) {
    this.connection = connection
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (query.query.kind === 'SelectQueryNode' && query.parameters.some(isNowhere)) return { rows: [] }
    return telling(this.connection.executeQuery<R>(query))
  }

  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.connection.streamQuery<R>(query, chunkSize)
  }
}

function inner(connection: DatabaseConnection): DatabaseConnection {
  return connection instanceof TellingConnection ? connection.connection : connection
}

/** A text with a null character is refused by the server, and so is in no row. */
function isNowhere(value: unknown): boolean {
  return typeof value === 'string' && value.includes('\0')
}

async function telling<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw told(error)
  }
}

function told(error: unknown): unknown {
  if (!isUnavailable(error)) return error
  return new DomainError('unavailable', 'the database does not answer', { cause: error })
}

/** SQLSTATE 23505: https://www.postgresql.org/docs/18/errcodes-appendix.html */
export function isPostgresUniqueViolation(error: unknown): boolean {
  return codeOf(error) === '23505'
}

/**
 * Connection failures (class 08), 57P01 to 57P03 (shutting down, starting up), 53300 (too many connections), 57014 (over
 * the time limit), and what network and pool say.
 */
function isUnavailable(error: unknown): boolean {
  const code = codeOf(error)
  if (/^(08...|57P0[1-3]|53300|57014|25P03)$/.test(code)) return true
  if (/^E(CONNREFUSED|CONNRESET|NOTFOUND|PIPE|TIMEDOUT|AI_AGAIN|NETUNREACH|HOSTUNREACH)$/.test(code)) return true
  return (
    error instanceof Error &&
    /Connection terminated|timeout exceeded when trying to connect|is not queryable/.test(error.message)
  )
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
