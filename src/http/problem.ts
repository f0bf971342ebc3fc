// Our own errors, for everything that is not a vendor's: RFC 9457 problem details.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { DomainError, type DomainErrorCode, type Issue, toDomainError } from '../platform/errors.ts'
import { isPlainName } from '../platform/plain-name.ts'
import { noteRefusal } from '../platform/web/refusal.ts'

/** For the documentation: what every refusal looks like. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'What to branch on.' }),
    detail: Type.Optional(Type.String()),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          path: Type.String(),
          problem: Type.Enum(['required', 'invalid']),
          hint: Type.Optional(Type.String()),
        }),
      ),
    ),
    requestId: Type.String(),
  },
  { description: 'Refused; nothing was changed.' },
)

const answers: Record<DomainErrorCode, { status: number; title: string }> = {
  malformed: { status: 400, title: 'The request body cannot be read.' },
  unauthenticated: { status: 401, title: 'A valid bearer token is needed.' },
  forbidden: { status: 403, title: 'This token may not do that.' },
  notFound: { status: 404, title: 'There is nothing here.' },
  conflict: { status: 409, title: 'The present state does not allow it.' },
  gone: { status: 410, title: 'It is no longer here.' },
  invalid: { status: 422, title: 'Some fields are missing or wrong.' },
  bodyTooLarge: { status: 413, title: 'The request body is too large.' },
  headersTooLarge: { status: 431, title: 'The request headers are too large.' },
  tooSlow: { status: 408, title: 'The request took too long to come.' },
  rateLimited: { status: 429, title: 'Too many requests.' },
  unavailable: { status: 503, title: 'The store does not answer.' },
  internal: { status: 500, title: 'Something went wrong on our side.' },
}

export function problemOf(error: DomainError, requestId: string): { status: number; body: object } {
  const { status, title } = answers[error.code]
  const internal = error.code === 'internal'
  const errors = error.issues.map(({ path, problem, hint }) => ({ path, problem, ...(hint ? { hint } : {}) }))
  return {
    status,
    body: {
      type: 'about:blank',
      title,
      status,
      code: error.reason ?? error.code,
      ...(internal ? {} : { detail: error.message }),
      ...(errors.length > 0 ? { errors } : {}),
      requestId,
    },
  }
}

export function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = problemFrom(thrown)
  noteRefusal(request, error)
  if (error.code === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="understudy"')
  const { status, body } = problemOf(error, request.id)
  return reply
    .code(status)
    .headers({ 'content-type': 'application/problem+json; charset=utf-8', 'cache-control': 'no-store' })
    .serializer(JSON.stringify)
    .send(body)
}

function problemFrom(thrown: unknown): DomainError {
  if (thrown instanceof Error && 'validation' in thrown && Array.isArray(thrown.validation)) {
    return new DomainError('invalid', thrown.message, { issues: eachPathOnce(thrown.validation.flatMap(issuesOf)) })
  }
  return toDomainError(thrown)
}

interface Finding {
  keyword: string
  instancePath: string
  params: Record<string, unknown>
  message?: string
}

function issuesOf({ keyword, instancePath, params, message }: Finding): Issue[] {
  const at = instancePath.slice(1).replaceAll('/', '.')
  const pathTo = (name: unknown) => [at, name].filter(Boolean).join('.')
  if (keyword === 'required') return [{ path: pathTo(params.missingProperty), problem: 'required' }]
  if (keyword === 'additionalProperties') {
    const { additionalProperty: name } = params
    return [{ path: isPlainName(name) ? pathTo(name) : at, problem: 'invalid', hint: 'no such field' }]
  }
  const allowed = Array.isArray(params.allowedValues) ? `one of ${params.allowedValues.join(', ')}` : message
  return [{ path: at, problem: 'invalid', ...(allowed ? { hint: allowed } : {}) }]
}

/** A choice between shapes is told once for each shape that does not fit. */
function eachPathOnce(issues: Issue[]): Issue[] {
  return [...new Map(issues.map(issue => [issue.path, issue])).values()]
}
