// Requests to the server under search, and every answer that came.

import { Agent, request } from 'node:http'

export interface WireRequest {
  method: string
  path: string
  headers?: Record<string, string>
  body?: string
}

export interface Reply {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  body: string
}

export type Send = (request: WireRequest) => Promise<Reply>

export interface Answer extends Reply {
  method: string
  path: string
}

/** Sends over sockets, byte for byte as given, with connections kept open; `close` ends them. */
export function overSockets(origin: string): { send: Send; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const { hostname, port } = new URL(origin)
  const send: Send = ({ method, path, headers = {}, body }) =>
    new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
      const options = { agent, hostname, port, method, path, headers: { ...length, ...headers } }
      const sent = request(options, reply => {
        const chunks: Buffer[] = []
        reply.on('data', chunk => chunks.push(chunk))
        reply.on('error', reject)
        reply.on('end', () =>
          resolve({
            status: reply.statusCode ?? 0,
            headers: Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name, String(value)])),
            body: Buffer.concat(chunks).toString(),
          }),
        )
      })
      sent.on('error', reject)
      sent.end(body)
    })
  return { send, close: () => agent.destroy() }
}

/** Keeps every answer. Each request comes from an address of its own, so that no limit of an address is met. */
export class Transcript {
  readonly answers: Answer[] = []
  #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** The server was started anew. */
  reopen(send: Send): void {
    this.#send = send
  }

  send = async (request: WireRequest): Promise<Reply> => {
    const count = this.answers.length
    const address = `10.${(count >> 16) & 255}.${(count >> 8) & 255}.${count & 255}`
    const headers = { 'x-forwarded-for': address, ...request.headers }
    const reply = await this.#send({ ...request, headers })
    this.answers.push({ method: request.method, path: request.path, ...reply })
    return reply
  }

  /** Sends JSON, and gives the answer's JSON. Throws where the status is no success. */
  async json<T>(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<T> {
    const text = body === undefined ? {} : { body: JSON.stringify(body) }
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const reply = await this.send({ method, path, headers: { ...type, ...headers }, ...text })
    if (reply.status >= 300) throw new Error(`${method} ${path} was answered with ${reply.status}: ${reply.body}`)
    const isJson = /^application\/json\b/.test(reply.headers['content-type'] ?? '')
    return (isJson && reply.body !== '' ? JSON.parse(reply.body) : reply.body) as T
  }
}
