// One request over HTTP, and its answer: what the parts make of an answer that does not come is their own.

import { type Agent, type IncomingHttpHeaders, request } from 'node:http'

export interface Sent {
  method: string
  path: string
  headers: Record<string, string>
  /** As it goes out; its length is said, which the client leaves out of a DELETE's. */
  body?: string | undefined
}

export interface Exchanged {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

/** Sends over the connections of `agent`. Rejects where no whole answer comes, or a silence lasts for `silenceMs`. */
export function exchange(agent: Agent, url: string, sent: Sent, silenceMs?: number): Promise<Exchanged> {
  const { method, path, body } = sent
  const { hostname, port } = new URL(url)
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const headers = { ...length, ...sent.headers }
  return new Promise((resolve, reject) => {
    const going = request({ agent, hostname, port, method, path, headers, timeout: silenceMs }, reply => {
      const chunks: Buffer[] = []
      reply.on('data', chunk => chunks.push(chunk))
      reply.on('error', reject)
      reply.on('end', () => {
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text: Buffer.concat(chunks).toString() })
      })
    })
    going.on('timeout', () => going.destroy(new Error(`no word for ${silenceMs} ms`)))
    going.on('error', reject)
    going.end(body)
  })
}
