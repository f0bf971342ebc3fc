// Clients that take their time: each is cut off within the server's bounds, and is told where it still can be.

import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { doors, readBytes, writeBytes } from './doors.ts'
import { ANY, type Envelope, ownerOf } from './envelopes.ts'
import { bytesOf } from './request.ts'
import type { Siege } from './siege.ts'
import { Wire } from './wire.ts'

const DRIP_MS = 3000
/** A minute, looked at every half minute; and some time for a busy machine. */
const REQUEST_MS = 60_000 + 30_000 + 30_000
/** Longer than answers are kept for who does not read them. */
const UNREAD_MS = 150_000
const PIPELINED = 200

interface Slow {
  what: string
  wire: Wire
  openedAt: number
  /** What it is told at the end; none where it has had its answer. */
  envelopes?: readonly Envelope[]
  drip?: NodeJS.Timeout
}

export class SlowClients {
  readonly #siege: Siege
  readonly #slow: Slow[] = []
  readonly #unread: { wire: Wire; openedAt: number }[] = []
  readonly #silent: Promise<number>[] = []

  private constructor(siege: Siege) {
    this.#siege = siege
  }

  /** Opens them; they are as slow as they are while all else goes on. */
  static async open(siege: Siege): Promise<SlowClients> {
    const slow = new SlowClients(siege)
    for (const door of doors) {
      const head = readBytes(door, 0).subarray(0, -2)
      await slow.#add(`${door.name}, headers without end`, head, ANY, 'x')
      const line = readBytes(door, 0).subarray(0, 9)
      await slow.#add(`${door.name}, a line that does not end`, line, ANY)
      const written = door.write?.(siege.marks.never())
      if (!written) continue
      const body = writeBytes(door, { ...written, body: ' '.repeat(5000) }).subarray(0, -4990)
      await slow.#add(`${door.name}, a body without end`, body, [ownerOf(written.path)], ' ')
    }
    await slow.#add('nothing is sent', Buffer.alloc(0), ANY)
    await slow.#add('kept alive, and no more', bytesOf('GET /ready HTTP/1.1', ['host: wire.test']))
    await slow.#addUnread()
    if (siege.origin.startsWith('https:')) slow.#silent.push(handshakeless(siege.origin))
    siege.findings.count('slow clients', slow.#slow.length + slow.#unread.length + slow.#silent.length)
    return slow
  }

  async #add(what: string, bytes: Buffer, envelopes?: readonly Envelope[], drop?: string): Promise<void> {
    const wire = await this.#siege.open()
    wire.write(bytes)
    const drip = drop === undefined ? {} : { drip: setInterval(() => wire.write(Buffer.from(drop)), DRIP_MS) }
    this.#slow.push({ what, wire, openedAt: performance.now(), ...(envelopes && { envelopes }), ...drip })
  }

  async #addUnread(): Promise<void> {
    const wire = await Wire.open(this.#siege.origin, { reads: false })
    const large = bytesOf('GET /docs/memberstack HTTP/1.1', ['host: wire.test'])
    wire.write(Buffer.concat(Array.from({ length: PIPELINED }, () => large)))
    this.#unread.push({ wire, openedAt: performance.now() })
  }

  /** Leaves them, without a look at what comes of them. */
  leave(): void {
    for (const { wire, drip } of this.#slow) {
      clearInterval(drip)
      wire.reset()
    }
    for (const { wire } of this.#unread) wire.reset()
  }

  /** Waits until their time is over, and holds what came of them against what is promised. */
  async outlast(): Promise<void> {
    await Promise.all(this.#slow.map(slow => this.#outlast(slow)))
    for (const { wire, openedAt } of this.#unread) {
      await sleep(Math.max(0, openedAt + UNREAD_MS - performance.now()))
      wire.resume()
      await wire.until(() => wire.closed)
      if (!wire.closed || wire.answers.length >= PIPELINED) {
        this.#siege.fail(`after ${UNREAD_MS} ms a client that does not read is still served`, wire)
      }
      wire.reset()
    }
    for (const ms of await Promise.all(this.#silent)) {
      if (ms > REQUEST_MS) this.#siege.findings.fail(`a client without a handshake was kept for ${ms} ms`)
    }
  }

  async #outlast({ what, wire, openedAt, envelopes, drip }: Slow): Promise<void> {
    const closed = await wire.until(() => wire.closed, Math.max(1, openedAt + REQUEST_MS - performance.now()))
    clearInterval(drip)
    if (!closed) this.#siege.fail(`${what}: still open after ${REQUEST_MS} ms`, wire)
    this.#siege.check(what, wire, wire.answers, envelopes ?? ANY)
    const [answer] = wire.answers
    const expected = envelopes ? 408 : 200
    if (wire.answers.length !== 1 || answer?.status !== expected) {
      this.#siege.fail(`${what}: it was not told ${expected}, once`, wire)
    }
    wire.reset()
  }
}

/** How long the server keeps a connection on which TLS never starts. */
function handshakeless(origin: string): Promise<number> {
  const openedAt = performance.now()
  const { hostname, port } = new URL(origin)
  const socket = connect(Number(port), hostname)
  const timer = setTimeout(() => socket.destroy(), 2 * REQUEST_MS)
  timer.unref()
  return new Promise(resolve => {
    socket.on('error', () => {})
    socket.resume().on('close', () => {
      clearTimeout(timer)
      resolve(performance.now() - openedAt)
    })
  })
}
