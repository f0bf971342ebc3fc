// How the server ends: what was asked is answered, and nobody else is waited for.

import type { FastifyInstance } from 'fastify'
import type { ServedSocket } from './served-socket.ts'

/** A request, or a handshake, that has begun when the server ends has so long to come whole. */
const BEGUN_MS = 1000
const LOOK_MS = 20

/**
 * Follows the connections of a server that does not listen yet. Returns what ends it: it finishes requests in flight,
 * closes connections that idle, and cuts those that after a second have not asked for anything.
 */
export function endingOf(server: FastifyInstance): () => Promise<void> {
  /** By who is at the other end: TLS is a second socket on the same connection. */
  const sockets = new Map<string, ServedSocket>()
  const follow = (socket: ServedSocket) => {
    const peer = `${socket.remoteAddress} ${socket.remotePort}`
    sockets.set(peer, socket)
    socket.once('close', () => {
      if (sockets.get(peer) === socket) sockets.delete(peer)
    })
  }
  server.server.on('connection', follow).on('secureConnection', follow)
  return async () => {
    const endedAt = performance.now()
    const look = setInterval(() => {
      // They would idle until the keep-alive time is over.
      server.server.closeIdleConnections()
      if (performance.now() - endedAt < BEGUN_MS) return
      for (const socket of sockets.values()) if (!socket._httpMessage) socket.destroy()
    }, LOOK_MS)
    try {
      await server.close()
    } finally {
      clearInterval(look)
    }
  }
}
