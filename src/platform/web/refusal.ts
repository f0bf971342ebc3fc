// What an error handler does before it answers: say in the log what happened. One line a request, so the reason waits
// on the request until the line is written.

import type { FastifyRequest } from 'fastify'
import type { DomainError } from '../errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Why the request was refused, for its log line: never a secret. */
    refusal?: { code: string; reason: string }
  }
}

/** Notes a refusal; our own faults are logged at once, with their stack. */
export function noteRefusal(request: FastifyRequest, error: DomainError): void {
  if (error.code === 'internal') request.log.error({ reqId: request.id, err: error.cause ?? error }, 'request failed')
  request.refusal = { code: error.reason ?? error.code, reason: error.message }
}
