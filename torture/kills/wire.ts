// Requests to a server that may be gone before it answers.

import { Agent, type IncomingHttpHeaders, request } from 'node:http'

export interface Request {
  method: string
  path: string
  headers: Record<string, string>
  /** An object goes as JSON, a text as a form. */
  body?: object | string
}

export interface Reply {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

/** The connections to one server, for as long as it lives. */
export class Wire {
  readonly #url: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })

  constructor(url: string) {
    this.#url = url
  }

  /** Undefined where no whole answer came: whether the request was done, nobody was told. */
  send({ method, path, headers, body }: Request): Promise<Reply | undefined> {
    const isForm = typeof body === 'string'
    const text = isForm ? body : body && JSON.stringify(body)
    const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json'
    const described = text === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(text) }
    return new Promise(resolve => {
      const gone = () => resolve(undefined)
      const options = { method, agent: this.#agent, headers: { ...headers, ...described } }
      const sent = request(this.#url + path, options, reply => {
        let received = ''
        reply.setEncoding('utf8').on('data', piece => (received += piece))
        reply.on('error', gone).on('aborted', gone)
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text: received }))
      })
      sent.on('error', gone)
      sent.end(text)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
