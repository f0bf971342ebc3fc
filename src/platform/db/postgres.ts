// Kysely on PostgreSQL: a pool for transactions and ordinary queries, and one more connection on which the reads of many
// requests travel together.

import { createHash } from 'node:crypto'
import { type CompiledQuery, type Dialect, PostgresDialect } from 'kysely'
import pg from 'pg'

export interface PostgresSettings {
  /** How many connections the pool may open; one more serves reads. */
  poolMax: number
  /** After so long the server gives up a statement; a connection that does not come is given up as late. */
  statementTimeoutMs: number
}

/** int8 and numeric (sums): our numbers are counts and places, far below 2^53. */
const NUMBERS = new Set([20, 1700])
const APPLICATION = 'understudy'
/** How long an idle transaction holds its locks before the server ends it: longer than any of ours waits. */
const IDLE_IN_TRANSACTION_MS = 60_000

/** A dialect whose connections are opened as they are needed. Nothing is connected yet. */
export function postgresDialect(url: string, settings: PostgresSettings): { dialect: Dialect; pool: pg.Pool } {
  const pool = new pg.Pool({ ...clientSettings(url, settings), max: settings.poolMax })
  // A connection that breaks while nobody uses it is dropped; whoever comes next opens another.
  pool.on('error', () => {})
  return { dialect: new PostgresDialect({ pool }), pool }
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
 * Reads outside transactions. They are sent as they come, without waiting for each other's answers, and planned once by
 * name.
 */
export class PostgresReads {
  readonly #url: string
  readonly #settings: PostgresSettings
  #client: Promise<pg.Client> | undefined
  #closed = false
  readonly #names = new Map<string, string>()

  constructor(url: string, settings: PostgresSettings) {
    this.#url = url
    this.#settings = settings
  }

  async soon<Row>({ sql, parameters }: CompiledQuery<Row>): Promise<Row[]> {
    const client = await this.#connected()
    const { rows } = await client.query({ name: this.#nameOf(sql), text: sql, values: [...parameters] })
    return rows as Row[]
  }

  async close(): Promise<void> {
    this.#closed = true
    const client = await this.#client?.catch(() => undefined)
    await client?.end()
  }

  #connected(): Promise<pg.Client> {
    if (this.#closed) throw new Error('the store is closed')
    this.#client ??= this.#connect()
    return this.#client
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({ ...clientSettings(this.#url, this.#settings), pipeline: true } as pg.ClientConfig)
    // The next read connects anew; those under way are told by their own errors.
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

/** SQLSTATE class 23505: https://www.postgresql.org/docs/18/errcodes-appendix.html */
export function isPostgresUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505'
}

/** Connection failures: class 08, 57P01 to 57P03 (shutting down), 53300 (too many), and what the network says. */
export function isPostgresUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  if (/^(08|57P0[1-3]|53300)/.test(code)) return true
  if (/^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EPIPE|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH)$/.test(code)) return true
  return /Connection terminated|timeout exceeded when trying to connect|connection error and is not queryable/.test(
    error.message,
  )
}
