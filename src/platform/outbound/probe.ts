// Whether a POST could go somewhere, without one: the connection is made, and nothing is said on it.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { literalIn } from './addresses.ts'
import { type Destination, knowing, OutboundError, orAbort, permitted, reasonOf } from './post.ts'

export interface Reached {
  /** When the receiver's certificate ends; undefined for http. */
  certificateEndsAt?: string
}

/** Connects as `post` would, with TLS where the URL has https. Throws OutboundError. */
export async function probe(destination: Destination, timeLimitMs: number): Promise<Reached> {
  const timeLimit = AbortSignal.timeout(timeLimitMs)
  let socket: Socket | undefined
  try {
    const addresses = await orAbort(timeLimit, permitted(destination))
    socket = open(destination.url, knowing(addresses))
    await once(socket, socket instanceof TLSSocket ? 'secureConnect' : 'connect', { signal: timeLimit })
    return socket instanceof TLSSocket ? { certificateEndsAt: socket.getPeerCertificate().valid_to } : {}
  } catch (error) {
    if (error instanceof OutboundError) throw error
    throw new OutboundError(timeLimit.aborted ? `no connection within ${timeLimitMs} ms` : reasonOf(error), {
      cause: error,
    })
  } finally {
    // What it says when it is ended early is nobody's.
    socket?.on('error', () => {}).destroy()
  }
}

function open({ protocol, hostname, port }: URL, lookup: ReturnType<typeof knowing>): Socket {
  const literal = literalIn(hostname)
  const host = literal ?? hostname
  if (protocol === 'http:') return connect({ host, port: Number(port || 80), lookup })
  const options = { host, port: Number(port || 443), lookup, ALPNProtocols: ['http/1.1'] }
  return connectTls(literal === undefined ? { ...options, servername: hostname } : options)
}
