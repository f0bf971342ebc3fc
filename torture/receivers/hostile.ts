// A receiver of webhooks on loopback that fails in one way until it is well again, and keeps count of what it got.

import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { freePort } from '../../bench/ports.ts'
import type { Way } from './ways.ts'

const CERTIFICATE = {
  cert: readFileSync(new URL('../../test/fixtures/tls-cert.pem', import.meta.url)),
  key: readFileSync(new URL('../../test/fixtures/tls-key.pem', import.meta.url)),
}

export interface Hostile {
  /** The URL to register. */
  url: string
  /** How often each message came whole, by its body. */
  got: Map<string, number>
  /** Of them, those that came while it was well. */
  tookWell: Map<string, number>
  connections(): number
  /** The most connections that were open at once. */
  mostOpen(): number
  /** Requests to other paths than the one that was registered: redirects that were followed. */
  strayed: string[]
  /** Takes everything from now on. One that speaks TLS, or none where it should, cannot: nobody trusts it. */
  recover(): void
  close(): void
}

/** Starts one. Without a way it is down: its port refuses until it recovers. */
export async function startHostile(way: Way | undefined, name: string): Promise<Hostile> {
  const path = `/${encodeURIComponent(name)}`
  const got = new Map<string, number>()
  const tookWell = new Map<string, number>()
  const strayed: string[] = []
  const sockets = new Set<Socket>()
  let [connections, mostOpen, isWell] = [0, 0, false]

  const serve = (socket: Socket) => {
    // Read by nobody: then the end of the connection shows.
    if (!isWell && way?.at === 'connection') return way.act(socket.resume())
    whenRead(socket, (target, body) => {
      if (target !== path) strayed.push(target)
      count(got, body)
      if (!isWell && way) return way.act(socket)
      count(tookWell, body)
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    })
  }
  const accept = (socket: Socket) => {
    connections++
    sockets.add(socket.on('error', () => {}))
    mostOpen = Math.max(mostOpen, sockets.size)
    socket.on('close', () => sockets.delete(socket))
    if (way?.certificate === undefined) serve(socket)
  }
  const server: Server =
    way?.certificate === undefined ? createServer(accept) : createTlsServer(CERTIFICATE).on('connection', accept)
  server.on('secureConnection', serve).on('tlsClientError', () => {})
  const listen = (port: number) => new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  if (way) await listen(0)
  const port = way ? (server.address() as AddressInfo).port : await freePort()

  return {
    url: `${way?.scheme ?? 'http'}://127.0.0.1:${port}${path}`,
    got,
    tookWell,
    connections: () => connections,
    mostOpen: () => mostOpen,
    strayed,
    recover() {
      isWell = true
      if (!server.listening) void listen(port)
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Once the whole request has come: its path and its body. */
function whenRead(socket: Socket, act: (target: string, body: string) => void): void {
  let bytes = Buffer.alloc(0)
  const read = (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = bytes.toString('latin1', 0, end)
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
    if (bytes.length < end + 4 + length) return
    socket.off('data', read)
    // What else it says is not for us, and its end is.
    socket.resume()
    act(head.split(' ')[1] ?? '', bytes.toString('utf8', end + 4, end + 4 + length))
  }
  socket.on('data', read)
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1)
}
