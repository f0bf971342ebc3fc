// A webhook receiver on loopback: keeps what it gets, answers as it is told.

import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'

export interface Received {
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: string
}

export type Answer = (request: Received, response: ServerResponse) => void

export interface Receiver {
  url: string
  port: number
  /** Every request so far, in order. */
  requests: Received[]
  /** Replaces how it answers: a status, or whatever a function does. */
  answer(answer: number | Answer): void
  /** Resolves once it has got this many requests. */
  got(count: number): Promise<void>
  /** Goes down; its port refuses. */
  close(): Promise<void>
}

/** Answers 200 until told otherwise. Closed when the test that starts it ends. */
export async function startReceiver(): Promise<Receiver> {
  const requests: Received[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  let answer: Answer = (_request, response) => void response.end('ok')
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      const received = { method, path, headers, body: Buffer.concat(chunks).toString() }
      requests.push(received)
      for (const { count, resolve } of waiting) if (requests.length >= count) resolve()
      answer(received, response)
    })
  })
  await listening(server)
  const { port } = server.address() as AddressInfo
  const close = async () => {
    server.closeAllConnections()
    if (server.listening) await new Promise(resolve => server.close(resolve))
  }
  after(close)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    answer(next) {
      answer = typeof next === 'number' ? (_request, response) => void response.writeHead(next).end() : next
    },
    got(count) {
      if (requests.length >= count) return Promise.resolve()
      return new Promise(resolve => waiting.push({ count, resolve }))
    },
    close,
  }
}

/** Never answers. */
export const hang: Answer = () => {}

/** The only request so far. */
export function theOnly({ requests }: Receiver): Received {
  const [request, ...more] = requests
  assert.ok(request)
  assert.deepEqual(more, [])
  return request
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
}
