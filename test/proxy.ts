// A TCP proxy before a database, by which a test cuts the way to it.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * `open`: everything passes. `shut`: connections are refused, and those there are were reset. `silent`: connections stay,
 * new ones come about, and nothing passes. `mute`: what a client says passes, and no answer.
 */
type Way = 'open' | 'shut' | 'silent' | 'mute'

interface Proxy {
  /** The database's URL, by way of the proxy. */
  url: string
  set(way: Way): void
  /** Becomes mute as soon as a client says this. */
  muteAt(text: string): void
  /** For after whoever uses it. */
  close(): void
}

export async function startProxy(target: string): Promise<Proxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let way: Way = 'open'
  let last: string | undefined
  const server = createServer(client => {
    if (way === 'shut') return client.resetAndDestroy()
    const upstream = connect(Number(port), hostname)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      // Of a connection nothing is left out: where a word was lost, all that follows it is.
      let isWhole = true
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        // A way that is silent tells nobody of an end either.
        if (way === 'open' || way === 'shut') other.destroy()
      })
      socket.on('data', data => {
        const said = socket === client
        if (said && last !== undefined && data.includes(last)) way = 'mute'
        isWhole &&= way === 'open' || (said && way === 'mute')
        if (isWhole) other.write(data)
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const end = () => {
    for (const socket of sockets) socket.destroy()
  }
  const url = new URL(target)
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    set(next) {
      way = next
      last = undefined
      if (next === 'shut') end()
    },
    muteAt(text) {
      last = text
    },
    close() {
      server.close()
      end()
    },
  }
}
