// A receiver of webhooks that fails until it is told not to, and knows how often each message came.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface HooksReceiver {
  url: string
  /** How often each message came, by its id. */
  times: ReadonlyMap<string, number>
  /** The messages that were taken. */
  taken: ReadonlySet<string>
  /** From now on it takes what comes. */
  take(): void
  [Symbol.dispose](): void
}

export async function startHooksReceiver(): Promise<HooksReceiver> {
  const times = new Map<string, number>()
  const taken = new Set<string>()
  let takes = false
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', piece => (text += piece))
    request.on('end', () => {
      const { id } = JSON.parse(text) as { id: string }
      times.set(id, (times.get(id) ?? 0) + 1)
      if (takes) taken.add(id)
      response.writeHead(takes ? 200 : 500).end()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    times,
    taken,
    take() {
      takes = true
    },
    [Symbol.dispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
