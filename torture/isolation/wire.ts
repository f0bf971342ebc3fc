// How requests go out: over sockets to one server or several, in turns that chance decides; tests send them in-process.

import { Agent } from 'node:http'
import { exchange } from '../http.ts'
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
  const send: Send = request => exchange(agent, random.pick(urls), request)
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
