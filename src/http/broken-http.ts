// What is answered when there is no request yet: broken HTTP, headers past every limit, a client too slow.

import type { Socket } from 'node:net'
import type { ConnectionError } from 'fastify'
import { DomainError } from '../platform/errors.ts'
import type { Log } from '../platform/log.ts'
import type { PlainReply, Vendor } from '../vendors/vendor.ts'
import { ownerOf } from './owner.ts'
import { problemOf } from './problem.ts'
import type { ServedSocket } from './served-socket.ts'

const STATUS_TEXT: Record<number, string> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
}

/** How long a client that was refused has to read why, and to end its side. */
const LINGER_MS = 5000

interface Parts {
  vendors: readonly Vendor[]
  log: Log
  requestId: string
}

/** What is broken stays broken: only the first that is seen of it is answered. */
const refused = new WeakSet<Socket>()

/**
 * Answers on the bare socket, in the envelope of the vendor whose path the packet names, and closes it. Whole requests
 * that came before have their answers first: nobody takes a refusal for the answer to another request.
 */
export function answerBrokenHttp(error: ConnectionError, socket: ServedSocket, parts: Parts): void {
  if (refused.has(socket)) return
  refused.add(socket)
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroySoon()
    return
  }
  afterAnswers(socket, () => refuse(error, socket, parts))
}

/** Calls `next` when no answer to a whole request is under way any more. */
function afterAnswers(socket: ServedSocket, next: () => void): void {
  const { _httpMessage: underWay } = socket
  // By then the runtime has put the next one in its place.
  if (underWay?.req.complete) underWay.once('close', () => afterAnswers(socket, next))
  else next()
}

function refuse(error: ConnectionError, socket: ServedSocket, { vendors, log, requestId }: Parts): void {
  const underWay = socket._httpMessage
  // The request that cannot be read has an answer already: it was refused for its headers, before its body broke.
  const isAnswered = underWay ? underWay.headersSent : socket.parser?.incoming?.complete === false
  if (!socket.writable || isAnswered) {
    socket.destroySoon()
    return
  }
  const path = underWay?.req.url ?? pathIn(error.rawPacket)
  const { status, headers, body } = replyFor(refusalOf(error), path, vendors, requestId)
  log.info({ reqId: requestId, status, reason: error.code }, 'request could not be read')
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_TEXT[status] ?? 'Error'}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref()
  socket.once('close', () => clearTimeout(timer))
}

function refusalOf({ code }: ConnectionError): DomainError {
  if (code === 'HPE_HEADER_OVERFLOW') return new DomainError('headersTooLarge', 'the headers are too large')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new DomainError('tooSlow', 'the request did not come whole in time')
  return new DomainError('malformed', 'this is not HTTP that can be read')
}

function replyFor(error: DomainError, path: string, vendors: readonly Vendor[], requestId: string): PlainReply {
  const vendor = ownerOf(path, vendors)
  if (vendor) return vendor.refuse(error, requestId)
  const { status, body } = problemOf(error, requestId)
  return { status, headers: { 'content-type': 'application/problem+json; charset=utf-8' }, body: JSON.stringify(body) }
}

/** The path in the packet's request line, if that is where the packet starts. The framework's type of it is wrong. */
function pathIn(packet: unknown): string {
  return Buffer.isBuffer(packet) ? (packet.subarray(0, 200).toString('latin1').split(' ', 2)[1] ?? '') : ''
}
