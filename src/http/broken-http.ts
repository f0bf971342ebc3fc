// What is answered when there is no request yet: broken HTTP, headers past every limit, a client too slow.

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionError } from 'fastify'
import { DomainError } from '../platform/errors.ts'
import type { Log } from '../platform/log.ts'
import type { PlainReply, Vendor } from '../vendors/vendor.ts'
import { ownerOf } from './owner.ts'
import { problemOf } from './problem.ts'

const STATUS_TEXT: Record<number, string> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
}

/** Answers on the bare socket, in the envelope of the vendor whose path the packet names, and closes it. */
export function answerBrokenHttp(
  error: ConnectionError,
  socket: Socket,
  { vendors, log, requestId }: { vendors: readonly Vendor[]; log: Log; requestId: string },
): void {
  if (!socket.writable || error.code === 'ECONNRESET' || isAnswered(socket)) {
    socket.destroySoon()
    return
  }
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW'
  const refused = tooLarge
    ? new DomainError('headersTooLarge', 'the headers are too large')
    : new DomainError('malformed', 'this is not HTTP that can be read')
  const { status, headers, body } = replyFor(refused, pathIn(error.rawPacket), vendors, requestId)
  const finalStatus = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : status
  log.info({ reqId: requestId, status: finalStatus, reason: error.code }, 'request could not be read')
  const lines = [
    `HTTP/1.1 ${finalStatus} ${STATUS_TEXT[finalStatus] ?? 'Error'}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

/** Whether the request that cannot be read has an answer already: it was refused for its headers, before its body broke. */
function isAnswered(socket: Socket & { _httpMessage?: ServerResponse | null }): boolean {
  return socket._httpMessage?.headersSent ?? false
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
