// A client that sends whatever bytes it is given, over a few connections that stay open, and waits no longer than it must.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { bytesOf, type Shot } from './shot.ts'

const HEAD_END = '\r\n\r\n'

export interface Answer {
  status: number
  /** Lower-case names; a name that came twice has its values joined by LF, which no value holds. */
  headers: Record<string, string>
  body: Buffer
}

/** No whole answer came. */
export class NoAnswer extends Error {}

export class Wire {
  readonly #address: { host: string; port: number }
  readonly #timeoutMs: number
  readonly #idle: Socket[] = []

  constructor(url: string, timeoutMs: number) {
    const { hostname, port } = new URL(url)
    this.#address = { host: hostname, port: Number(port) }
    this.#timeoutMs = timeoutMs
  }

  /** Rejects with NoAnswer where none came in time, or the connection ended before. */
  async send(shot: Shot): Promise<Answer> {
    const kept = this.#idle.pop()
    if (kept && !kept.destroyed) {
      try {
        return await this.#exchange(kept, shot)
      } catch (error) {
        // The server may have closed it just when we used it: once more, on a fresh one.
        if (!(error instanceof NoAnswer) || error.message !== CLOSED) throw error
      }
    }
    const fresh = connect(this.#address).setNoDelay(true)
    await once(fresh, 'connect')
    return this.#exchange(fresh, shot)
  }

  close(): void {
    for (const socket of this.#idle.splice(0)) socket.destroy()
  }

  #exchange(socket: Socket, shot: Shot): Promise<Answer> {
    return new Promise((resolve, reject) => {
      let received: Buffer = Buffer.alloc(0)
      const done = (answer: Answer | undefined, error?: string) => {
        clearTimeout(timer)
        socket.removeAllListeners()
        socket.on('error', () => {})
        const stays = answer !== undefined && !/close/i.test(answer.headers.connection ?? '')
        if (stays) this.#idle.push(socket)
        else socket.destroy()
        if (answer) resolve(answer)
        else reject(new NoAnswer(error))
      }
      const timer = setTimeout(() => done(undefined, `no answer within ${this.#timeoutMs} ms`), this.#timeoutMs)
      const end = () =>
        received.length === 0 ? done(undefined, CLOSED) : done(answerIn(received, shot.method, true), BROKEN_OFF)
      socket.on('data', (data: Buffer) => {
        received = received.length === 0 ? data : Buffer.concat([received, data])
        const answer = answerIn(received, shot.method, false)
        if (answer) done(answer)
      })
      socket.on('end', end).on('close', end).on('error', end)
      socket.write(bytesOf(shot))
    })
  }
}

const CLOSED = 'the connection ended without an answer'
const BROKEN_OFF = 'the connection ended in the middle of the answer'

/** Undefined while it is not whole. */
function answerIn(received: Buffer, method: string, ended: boolean): Answer | undefined {
  const end = received.indexOf(HEAD_END)
  if (end < 0) return undefined
  const [first = '', ...lines] = received.toString('latin1', 0, end).split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers[name] = headers[name] === undefined ? value : `${headers[name]}\n${value}`
  }
  const status = Number(first.slice(9, 12))
  const rest = received.subarray(end + HEAD_END.length)
  if (method === 'HEAD' || status === 204 || status === 304) return { status, headers, body: Buffer.alloc(0) }
  if (headers['transfer-encoding'] !== undefined) {
    const body = unchunked(rest)
    return body && { status, headers, body }
  }
  const length = headers['content-length']
  if (length === undefined) return ended ? { status, headers, body: rest } : undefined
  return rest.length >= Number(length) ? { status, headers, body: rest.subarray(0, Number(length)) } : undefined
}

function unchunked(rest: Buffer): Buffer | undefined {
  const chunks: Buffer[] = []
  for (let at = 0; ; ) {
    const line = rest.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = Number.parseInt(rest.toString('latin1', at, line), 16)
    const start = line + 2
    if (rest.length < start + size + 2) return undefined
    if (size === 0) return Buffer.concat(chunks)
    chunks.push(rest.subarray(start, start + size))
    at = start + size + 2
  }
}
