// HTTP as the measurements need it: connections that stay open, one request at a time on each, answers read whole and
// looked at as little as possible, so that one core of load keeps one core of server busy.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const HEAD_END = '\r\n\r\n'
/** Has no body, and says nothing of its length. */
const NO_CONTENT = 204
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n')

export interface Reply {
  status: number
  /** As it came: of a chunked one with the chunks' sizes. */
  body: Buffer
}

interface Waiting {
  resolve(reply: Reply): void
  reject(error: Error): void
}

/** A request as bytes, to send as often as needed. */
export function request(method: string, path: string, headers: Record<string, string>, body?: object): Buffer {
  const text = body === undefined ? '' : JSON.stringify(body)
  const sized = text === '' ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  const lines = Object.entries({ host: '127.0.0.1', ...headers, ...sized }).map(([name, value]) => `${name}: ${value}`)
  return Buffer.from([`${method} ${path} HTTP/1.1`, ...lines, '', text].join('\r\n'))
}

export class Connection {
  readonly #socket: Socket
  #reply = new IncomingReply()
  #waiting: Waiting | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (data: Buffer) => this.#receive(data))
    socket.on('error', () => {})
    socket.on('close', () => this.#waiting?.reject(new Error('the connection ended before the answer')))
  }

  /** Rejects with the system's error when nobody listens at `url`. */
  static async open(url: string): Promise<Connection> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    return new Connection(socket)
  }

  /** Rejects when the connection ends before the whole answer. */
  send(bytes: Buffer): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error('the connection has ended'))
      this.#waiting = { resolve, reject }
      this.#socket.write(bytes)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(data: Buffer): void {
    const reply = this.#reply.add(data)
    if (!reply) return
    this.#reply = new IncomingReply()
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve(reply)
  }
}

/** An answer as it comes in. As one request is under way at a time, nothing else follows it. */
class IncomingReply {
  readonly #pieces: Buffer[] = []
  #size = 0
  #head: { status: number; size: number; bodySize: number | undefined } | undefined
  #tail = Buffer.alloc(0)

  /** Returns the answer once it is whole. */
  add(piece: Buffer): Reply | undefined {
    this.#pieces.push(piece)
    this.#size += piece.length
    this.#head ??= headOf(this.#received())
    if (!this.#head) return undefined
    const { status, size, bodySize } = this.#head
    if (!(bodySize === undefined ? this.#isLastChunk(piece) : this.#size >= size + bodySize)) return undefined
    return { status, body: this.#received().subarray(size) }
  }

  #received(): Buffer {
    const [first] = this.#pieces
    return first && this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces)
  }

  #isLastChunk(piece: Buffer): boolean {
    this.#tail = Buffer.concat([this.#tail, piece.subarray(-LAST_CHUNK.length)]).subarray(-LAST_CHUNK.length)
    return this.#tail.equals(LAST_CHUNK)
  }
}

/** Undefined while its end has not come. Without a length the body comes in chunks. */
function headOf(received: Buffer) {
  const end = received.indexOf(HEAD_END)
  if (end < 0) return undefined
  const head = received.toString('latin1', 0, end)
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  const status = Number(head.slice(9, 12))
  return {
    status,
    size: end + HEAD_END.length,
    bodySize: status === NO_CONTENT ? 0 : length === undefined ? undefined : Number(length),
  }
}

/** Sends a request on a connection. Throws when the answer's status is another than expected. */
export async function expect(status: number, connection: Connection, bytes: Buffer): Promise<Reply> {
  const reply = await connection.send(bytes)
  if (reply.status === status) return reply
  throw new Error(`${lineOf(bytes)} was answered with ${reply.status}: ${reply.body.toString('utf8', 0, 500)}`)
}

function lineOf(bytes: Buffer): string {
  return bytes.toString('latin1', 0, bytes.indexOf('\r\n'))
}
