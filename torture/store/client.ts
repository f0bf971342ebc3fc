// Requests to a server that may be slow, refuse, or be gone.

import { Agent } from 'node:http'
import { exchange } from '../http.ts'

/** No request may hang for longer, whatever the server stands on. */
const ANSWER_MAX_MS = 30_000

export interface Ask {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  path: string
  headers?: Record<string, string>
  body?: object
}

export interface Answer {
  status: number
  text: string
}

export interface Client {
  /** Undefined where no whole answer came: the server was gone, or took too long. */
  ask(url: string, ask: Ask): Promise<Answer | undefined>
  close(): void
}

export function openClient(): Client {
  const agent = new Agent({ keepAlive: true })
  return {
    async ask(url, { method = 'GET', path, headers = {}, body }) {
      const text = body && JSON.stringify(body)
      const described = text === undefined ? headers : { ...headers, 'content-type': 'application/json' }
      try {
        return await exchange(agent, url, { method, path, headers: described, body: text }, ANSWER_MAX_MS)
      } catch {
        return undefined
      }
    },
    close: () => agent.destroy(),
  }
}

/** What an answer holds; undefined where that is no JSON. */
export function jsonOf(answer: Answer | undefined): unknown {
  try {
    return JSON.parse(answer?.text ?? '')
  } catch {
    return undefined
  }
}
