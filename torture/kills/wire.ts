// Requests to a server that may be gone before it answers.

import { Agent } from 'node:http'
import { type Exchanged, exchange } from '../http.ts'

export interface Request {
  method: string
  path: string
  headers: Record<string, string>
  /** An object goes as JSON, a text as a form. */
  body?: object | string
}

export type Reply = Exchanged

/** The connections to one server, for as long as it lives. */
export class Wire {
  readonly url: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })

  constructor(url: string) {
    this.url = url
  }

  /** Undefined where no whole answer came: whether the request was done, nobody was told. */
  async send({ method, path, headers, body }: Request): Promise<Reply | undefined> {
    const isForm = typeof body === 'string'
    const text = isForm ? body : body && JSON.stringify(body)
    const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json'
    const described = text === undefined ? headers : { ...headers, 'content-type': type }
    try {
      return await exchange(this.#agent, this.url, { method, path, headers: described, body: text })
    } catch {
      return undefined
    }
  }

  close(): void {
    this.#agent.destroy()
  }
}
