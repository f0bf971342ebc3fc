// Request bodies as bytes. Vendors differ in what a body is (signed bytes, JSON under any type, forms), so each reads
// the bytes its own way; the framework never parses one.

import type { FastifyRequest } from 'fastify'
import { DomainError } from '../errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The body's bytes; empty when none was sent. */
    rawBody: Buffer
    /** The content type as sent; the framework no longer sees it. */
    sentContentType: string | undefined
  }
}

const BODY_MAX_BYTES = 1024 * 1024
const HEADERS_MAX_BYTES = 16 * 1024
const NO_BODY = Buffer.alloc(0)

/**
 * Reads the whole body, of any method, into `request.rawBody`. Throws `headersTooLarge` (over 16 KiB), `bodyTooLarge`
 * (over 1 MiB) and `malformed` (it broke off).
 */
export function readRawBody(request: FastifyRequest): void | Promise<void> {
  const { headers, rawHeaders } = request.raw
  request.sentContentType = headers['content-type']
  // Without it, and without the two below, the framework sees no body to parse and leaves content types to us.
  delete headers['content-type']
  request.rawBody = NO_BODY
  let headerBytes = 0
  for (const text of rawHeaders) headerBytes += text.length
  if (headerBytes > HEADERS_MAX_BYTES) {
    throw new DomainError('headersTooLarge', `the headers are larger than ${HEADERS_MAX_BYTES} bytes`)
  }
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return
  return readSentBody(request)
}

async function readSentBody(request: FastifyRequest): Promise<void> {
  const { headers } = request.raw
  if (Number(headers['content-length']) > BODY_MAX_BYTES) throw tooLarge()
  const chunks: Buffer[] = []
  let size = 0
  try {
    // Not destroyed when we stop early: the reply still has to leave, and the rest is read and dropped.
    for await (const chunk of request.raw.iterator({ destroyOnReturn: false })) {
      size += chunk.length
      if (size > BODY_MAX_BYTES) throw tooLarge()
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof DomainError) throw error
    throw new DomainError('malformed', 'the body ended before it was complete', { cause: error })
  }
  request.rawBody = Buffer.concat(chunks, size)
  delete headers['content-length']
  delete headers['transfer-encoding']
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Parses the body as UTF-8 JSON. Throws `malformed`; an empty body is malformed too. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(decoder.decode(body))
  } catch (error) {
    throw new DomainError('malformed', 'the body is not valid JSON', { cause: error })
  }
}

function tooLarge(): DomainError {
  return new DomainError('bodyTooLarge', `the body is larger than ${BODY_MAX_BYTES} bytes`)
}
