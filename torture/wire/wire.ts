// One connection to the server, as bytes: what is sent is what was said, and what comes back is read strictly.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { type Answer, AnswerReader } from './answer.ts'

/** Longer than anything takes that is not a hang; no promise is about speed. */
export const PATIENCE_MS = 20_000

export class Wire {
  readonly reader = new AnswerReader()
  /** All that was written, for whoever repeats it. */
  readonly sent: Buffer[] = []
  closed = false
  /** When bytes last came, or the connection ended. */
  lastAt = performance.now()
  readonly #socket: Socket | TLSSocket
  readonly #waiting = new Set<() => void>()

  private constructor(socket: Socket | TLSSocket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (data: Buffer) => {
      this.reader.add(data)
      this.#look()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
      this.#look()
    })
  }

  /** Rejects with the system's error when nobody listens at `origin`. `reads: false`: nothing is ever read. */
  static async open(origin: string, { reads = true }: { reads?: boolean } = {}): Promise<Wire> {
    const { protocol, hostname, port } = new URL(origin)
    const to = { host: hostname, port: Number(port), allowHalfOpen: true }
    const socket = protocol === 'https:' ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to)
    await once(socket, protocol === 'https:' ? 'secureConnect' : 'connect')
    const wire = new Wire(socket)
    if (!reads) socket.pause()
    // Where the server ends its side, we end ours: a client that is well.
    socket.on('end', () => socket.end())
    return wire
  }

  get answers(): readonly Answer[] {
    return this.reader.answers
  }

  write(bytes: Buffer): void {
    this.sent.push(bytes)
    this.lastAt = performance.now()
    if (!this.#socket.destroyed) this.#socket.write(bytes)
  }

  /** Reads from here on, where nothing was read. */
  resume(): void {
    this.#socket.resume()
  }

  /** Ends our side alone. */
  end(): void {
    this.#socket.end()
  }

  /** Ends it with a reset: nothing of it waits in the system afterwards. */
  reset(): void {
    // The system resets no connection whose side is on its way to its end.
    if (this.#socket instanceof TLSSocket || this.#socket.writableEnded) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  /** Whether `condition` came to hold within `ms`; what can no longer come is not waited for. */
  until(condition: () => boolean, ms = PATIENCE_MS): Promise<boolean> {
    if (condition()) return Promise.resolve(true)
    if (this.closed || this.reader.problem !== undefined) return Promise.resolve(false)
    return new Promise(resolve => {
      const done = (held: boolean) => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve(held)
      }
      const look = () => {
        if (condition()) done(true)
        else if (this.closed || this.reader.problem !== undefined) done(false)
      }
      const timer = setTimeout(() => done(false), ms)
      this.#waiting.add(look)
    })
  }

  #look(): void {
    this.lastAt = performance.now()
    for (const look of [...this.#waiting]) look()
  }
}
