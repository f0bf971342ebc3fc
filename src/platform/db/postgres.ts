// Kysely on PostgreSQL: a pool for transactions and ordinary queries, and connections on which the
// statements of many requests travel together.

import { createHash } from 'node:crypto'
import { Socket } from 'node:net'
import { CompiledQuery, PostgresDialect, type PostgresPoolClient } from 'kysely'
import pg from 'pg'
import { DomainError } from '../errors.ts'
import type { Availability } from './availability.ts'
import { isAway, isCopy, messageOf, refusesChanges, told } from './postgres-errors.ts'

export interface PostgresSettings {
  /** How many connections the pool may open; one more serves reads, and one rate limits. */
  poolMax: number
  /** Nobody waits longer for a statement, or for a connection. */
  statementTimeoutMs: number
}

/** Whom this tells. */
export interface PostgresWatch {
  availability: Availability
  /** Why, where the database refuses a change that it would take from us on another day. */
  refused(reason: string): void
}

/** int8 and numeric (sums): our numbers are counts and places, far below 2^53. */
const NUMBERS = new Set([20, 1700])
const APPLICATION = 'understudy'
/** How long an idle transaction holds its locks before the server ends it: longer than any of ours waits. */
const IDLE_IN_TRANSACTION_MS = 60_000
/** The server gives up a statement a little before us: then it is ended there too, and its connection is still good. */
const SERVER_SHARE = 0.9

/**
 * A dialect whose connections are opened as they are needed. Its failures are DomainErrors where the store is away.
 * `session` is said on each connection before anything else.
 */
export function postgresDialect(
  url: string,
  settings: PostgresSettings,
  watch: PostgresWatch,
  session?: string,
): PostgresDialect {
  const Client = watchedClient(watch.availability)
  const pool = new pg.Pool({ ...clientSettings(url, settings), max: settings.poolMax, Client })
  // A connection that breaks is dropped; whoever uses it is told by their query, and who comes next opens another.
  pool.on('error', () => {})
  const connect = async () => {
    try {
      return lent(await pool.connect(), watch)
    } catch (error) {
      throw told(error)
    }
  }
  return new PostgresDialect({
    pool: { connect, end: () => pool.end(), options: {} },
    async onCreateConnection(connection) {
      if (session !== undefined) await connection.executeQuery(CompiledQuery.raw(session))
    },
  })
}

function clientSettings(url: string, { statementTimeoutMs }: PostgresSettings): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: APPLICATION,
    statement_timeout: statementTimeoutMs * SERVER_SHARE,
    query_timeout: statementTimeoutMs,
    connectionTimeoutMillis: statementTimeoutMs,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    keepAlive: true,
    types: { getTypeParser: typeParser },
  }
}

const typeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  NUMBERS.has(oid) ? Number : pg.types.getTypeParser(oid, format)

/**
 * A client that says whether its connection came about. The pool would not always: it tells nobody of one that failed after
 * whoever it was for had given up waiting, and when a database falls silent under load all of them have.
 */
function watchedClient(availability: Availability): new (settings?: pg.ClientConfig) => pg.Client {
  return class extends pg.Client {
    constructor(settings?: pg.ClientConfig) {
      super(settings)
      this.on('error', () => {})
    }

    override connect(): Promise<pg.Client>
    override connect(callback: (error: Error) => void): void
    override connect(callback?: (error: Error) => void): Promise<pg.Client> | undefined {
      if (!callback)
        return new Promise((resolve, reject) => this.connect(error => (error ? reject(error) : resolve(this))))
      const lost = availability.opening()
      super.connect((error: Error) => {
        if (!error) availability.found()
        else if (isAway(error)) lost(messageOf(error) ?? '')
        callback(error)
      })
    }
  }
}

/**
 * A connection of the pool for the library. One that gave no answer is not asked again, and not given back: behind the
 * lost answer the next would wait too. Nor is one that takes no writes: the next may lead to the server that does.
 */
function lent(client: pg.PoolClient, watch: PostgresWatch): PostgresPoolClient {
  let lost: unknown
  const connection = {
    async query(sql: string, parameters: readonly unknown[]) {
      if (lost) throw lost
      if (sql.startsWith('select ') && parameters.some(isNowhere)) return { command: 'SELECT', rowCount: 0, rows: [] }
      try {
        return await client.query(sql, [...parameters])
      } catch (error) {
        const shown = toldTo(watch, error)
        if (isLost(error) || isCopy(error)) lost = shown
        throw shown
      }
    },
    release: (destroy = false) => client.release(destroy || lost !== undefined),
  }
  // Without its second form, a cursor's, which the library asks for where one is configured.
  return connection as unknown as PostgresPoolClient
}

/**
 * Statements outside transactions, each by itself. They are sent without waiting for each other's answers, those of one
 * turn of the event loop in one piece, and planned once by name. One that gets no answer in time ends its connection, and with it those behind.
 */
export class PostgresPipeline {
  readonly #url: string
  readonly #settings: PostgresSettings
  readonly #watch: PostgresWatch
  readonly #Client: ReturnType<typeof watchedClient>
  #client: Promise<PipelineClient> | undefined
  #closed = false
  readonly #names = new Map<string, string>()

  constructor(url: string, settings: PostgresSettings, watch: PostgresWatch) {
    this.#url = url
    this.#settings = settings
    this.#watch = watch
    this.#Client = watchedClient(watch.availability)
  }

  async run<Row>({ sql, parameters }: Pick<CompiledQuery<Row>, 'sql' | 'parameters'>): Promise<Row[]> {
    if (parameters.some(isNowhere)) return []
    try {
      const { client, socket } = await this.#connected()
      sendTogether(socket)
      try {
        const { rows } = await client.query({ name: this.#nameOf(sql), text: sql, values: [...parameters] })
        return rows as Row[]
      } catch (error) {
        if (isCopy(error)) void client.end().catch(() => {})
        throw error
      }
    } catch (error) {
      throw toldTo(this.#watch, error)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const open = await this.#client?.catch(() => undefined)
    await open?.client.end()
  }

  #connected(): Promise<PipelineClient> {
    if (this.#closed) throw new DomainError('unavailable', 'the store is closed')
    this.#client ??= this.#connect()
    return this.#client
  }

  #connect(): Promise<PipelineClient> {
    const socket = new Socket()
    const settings: pg.ClientConfig & { pipeline: boolean } = {
      ...clientSettings(this.#url, this.#settings),
      pipeline: true,
      stream: () => socket,
    }
    const client = new this.#Client(settings)
    const connected = client.connect().then(
      () => ({ client, socket }),
      error => Promise.reject(told(error)),
    )
    // The next one connects anew; those under way are told by their own errors. One that ended may be forgotten already.
    const forget = () => {
      if (this.#client === connected) this.#client = undefined
    }
    client.on('error', forget).on('end', forget)
    connected.catch(forget)
    return connected
  }

  #nameOf(sql: string): string {
    const known = this.#names.get(sql)
    if (known) return known
    const name = createHash('sha256').update(sql).digest('base64url').slice(0, 32)
    this.#names.set(sql, name)
    return name
  }
}

interface PipelineClient {
  client: pg.Client
  socket: Socket
}

/** Holds back what is written until the end of this turn: a write costs more than what is written. */
function sendTogether(socket: Socket): void {
  if (socket.writableCorked > 0) return
  socket.cork()
  setImmediate(() => socket.uncork())
}

/** A text with a null character is refused by the server, and so is in no row. */
function isNowhere(value: unknown): boolean {
  return typeof value === 'string' && value.includes('\0')
}

/** What to throw for an error, once it is noted where it says that changes are refused. */
function toldTo({ refused }: PostgresWatch, error: unknown): unknown {
  const shown = told(error)
  if (refusesChanges(error) && shown instanceof DomainError) refused(shown.message)
  return shown
}

/** Whether a connection that failed like this is of no use any more: no word came from the server itself. */
function isLost(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) && messageOf(error) !== undefined
}
