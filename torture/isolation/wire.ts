// How requests go out: over sockets to one server or several, in turns that chance decides; tests send them in-process.

import { Agent, request as httpRequest } from 'node:http'
import type { Random } from '../random.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Request {
  method: Method
  path: string
  headers: Record<string, string>
  /** As it is sent. */
  body?: string
}

export interface Answer {
  status: number
  headers: Record<string, unknown>
  text: string
}

export type Send = (request: Request) => Promise<Answer>

const SOCKETS_MAX = 64

/** Sends each request to one of the servers. `close` ends the connections. */
export function overSockets(urls: readonly string[], random: Random): { send: Send; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX })
  const send: Send = ({ method, path, headers, body }) =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(random.pick(urls))
      const length = { 'content-length': String(Buffer.byteLength(body ?? '')) }
      const sent = httpRequest({ agent, hostname, port, method, path, headers: { ...headers, ...length } }, reply => {
        const chunks: Buffer[] = []
        reply.on('data', chunk => chunks.push(chunk))
        reply.on('error', reject)
        reply.on('end', () => {
          resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text: Buffer.concat(chunks).toString() })
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
  return { send, close: () => agent.destroy() }
}

/** A request with a JSON body, or none. */
export function json(method: Method, path: string, headers: Record<string, string>, body?: object): Request {
  if (body === undefined) return { method, path, headers }
  return { method, path, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

/** A request with a form. */
export function form(path: string, headers: Record<string, string>, fields: Record<string, string>): Request {
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  return { method: 'POST', path, headers: { ...headers, ...type }, body: new URLSearchParams(fields).toString() }
}
