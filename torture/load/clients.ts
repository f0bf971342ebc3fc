// Clients with connections that stay open, one request at a time on each; whoever finds all of them busy waits.

import { Connection, type Reply } from '../../bench/connection.ts'
import { check, type Exchange } from './exchange.ts'

/** Longer than anything that the server may take. */
const ANSWER_MAX_MS = 30_000

export class Clients {
  readonly #url: string
  readonly #connections: Set<Connection>
  /** In turn, so that none is idle for so long that the server ends it. */
  readonly #idle: Connection[]
  readonly #waiting: ((connection: Connection) => void)[] = []

  private constructor(url: string, connections: Connection[]) {
    this.#url = url
    this.#connections = new Set(connections)
    this.#idle = [...connections]
  }

  static async open(url: string, count: number): Promise<Clients> {
    return new Clients(url, await Promise.all(Array.from({ length: count }, () => Connection.open(url))))
  }

  /** How many requests have found no connection yet. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Rejects, with what came instead, where the answer is another than expected, or none. */
  async send(exchange: Exchange): Promise<void> {
    const connection = this.#idle.shift() ?? (await new Promise<Connection>(resolve => this.#waiting.push(resolve)))
    const late = setTimeout(() => connection.close(), ANSWER_MAX_MS)
    let reply: Reply
    try {
      reply = await connection.send(exchange.bytes)
    } catch (error) {
      void this.#replace(connection)
      throw new Error(`${exchange.name} got no answer: ${error instanceof Error ? error.message : error}`)
    } finally {
      clearTimeout(late)
    }
    this.#free(connection)
    check(exchange, reply)
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  #free(connection: Connection): void {
    const next = this.#waiting.shift()
    if (next) next(connection)
    else this.#idle.push(connection)
  }

  /** Where nobody listens any more the broken one stays: whoever gets it fails, and tries again. */
  async #replace(broken: Connection): Promise<void> {
    broken.close()
    this.#connections.delete(broken)
    const connection = await Connection.open(this.#url).catch(() => broken)
    this.#connections.add(connection)
    this.#free(connection)
  }
}
