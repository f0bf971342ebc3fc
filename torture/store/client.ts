// Requests to a server that may be slow, refuse, or be gone.

import { Agent, request } from 'node:http'

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
    ask: (url, { method = 'GET', path, headers = {}, body }) =>
      new Promise(resolve => {
        const text = body === undefined ? undefined : JSON.stringify(body)
        const type = text === undefined ? {} : { 'content-type': 'application/json' }
        const options = { method, agent, headers: { ...headers, ...type }, timeout: ANSWER_MAX_MS }
        const sent = request(url + path, options, reply => {
          let received = ''
          reply.setEncoding('utf8').on('data', chunk => (received += chunk))
          reply.on('error', () => resolve(undefined))
          reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text: received }))
        })
        sent.on('timeout', () => sent.destroy())
        sent.on('error', () => resolve(undefined))
        sent.end(text)
      }),
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
