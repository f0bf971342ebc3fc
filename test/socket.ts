// Requests over a real socket, byte for byte as given: what an in-process call would tidy up on the way (bare `?`,
// repeated headers, sizes that break the parser).

import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'
import { after } from 'node:test'

export interface SocketRequest {
  method?: string
  /** Path and query, sent as they are. */
  path: string
  /** Name to value; or names and values in turn, to repeat a name. */
  headers?: Record<string, string> | string[]
  body?: string | Buffer
}

export interface SocketReply {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

/** Sends requests to `origin` over kept-alive connections, closed when the test that opened them ends. */
export function openClient(origin: string): (options: SocketRequest) => Promise<SocketReply> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  after(() => agent.destroy())
  const { hostname, port } = new URL(origin)
  return ({ method = 'GET', path, headers = {}, body }) =>
    new Promise((resolve, reject) => {
      const sent = request({ agent, hostname, port, method, path, headers: framed(headers, hostname, body) }, reply => {
        const chunks: Buffer[] = []
        reply.on('data', chunk => chunks.push(chunk))
        reply.on('error', reject)
        reply.on('end', () =>
          resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text: Buffer.concat(chunks).toString() }),
        )
      })
      sent.on('error', reject)
      sent.end(body)
    })
}

/** Names and values in turn go out as they are: the client would leave out the length of a GET's or DELETE's body. */
function framed(headers: Record<string, string> | string[], host: string, body: string | Buffer | undefined): string[] {
  const list = Array.isArray(headers) ? headers : Object.entries(headers).flat()
  const isFramed = list.some(name => /^(content-length|transfer-encoding)$/i.test(name))
  const length = body === undefined || isFramed ? [] : ['content-length', String(Buffer.byteLength(body))]
  return ['host', host, ...length, ...list]
}

/** Writes `bytes` to a fresh connection and reads until the server closes it, or until `enough` has come. */
export function exchangeBytes(
  origin: string,
  bytes: string | Buffer,
  enough: (text: string) => boolean,
): Promise<string> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    const done = () => {
      socket.destroy()
      resolve(text)
    }
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      if (enough(text)) done()
    })
    socket.on('end', done)
    // The server may close while we still write; what it said before counts.
    socket.on('error', error => (text === '' ? reject(error) : done()))
  })
}
