// A client as the measurements need it: connections that stay open, one request at a time on each, whole answers.

import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'

export interface Client {
  /** Sends a request and reads the whole of its answer. Throws when its status is another than expected. */
  call(status: number, method: string, path: string, body?: object): Promise<void>
  close(): void
}

/** A client that sends `headers` with every request. */
export function connect(url: string, headers: Record<string, string>): Client {
  const agent = new Agent({ keepAlive: true })
  return {
    async call(status, method, path, body) {
      const text = body === undefined ? '' : JSON.stringify(body)
      const sized = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
      const sent = request(url + path, { agent, method, headers: { ...headers, ...sized } })
      sent.end(text)
      const [response]: IncomingMessage[] = await once(sent, 'response')
      if (!response) throw new Error('there was no answer')
      response.resume()
      await once(response, 'end')
      if (response.statusCode !== status) throw new Error(`${method} ${path} was answered with ${response.statusCode}`)
    },
    close: () => agent.destroy(),
  }
}
