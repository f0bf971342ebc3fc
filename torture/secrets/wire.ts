// Requests to the server under search, and every answer that came.

import { Agent } from 'node:http'
import { exchange } from '../http.ts'

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
  const send: Send = async ({ method, path, headers = {}, body }) => {
    const { status, text, headers: named } = await exchange(agent, origin, { method, path, headers, body })
    return {
      status,
      headers: Object.fromEntries(Object.entries(named).map(([name, value]) => [name, String(value)])),
      body: text,
    }
  }
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
