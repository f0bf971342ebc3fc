// What every request goes through, in the order of contract section 11: path, key, rate limit, member token, body.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../platform/context.ts'
import { DomainError, toDomainError } from '../../platform/errors.ts'
import { finish, whenThere } from '../../platform/web/at-once.ts'
import { parseJson, readRawBody } from '../../platform/web/raw-body.ts'
import { noteRefusal } from '../../platform/web/refusal.ts'
import { authenticate, type Caller, requireMember } from './auth.ts'
import { isAllowedOrigin, refuseOrigin } from './client/cors.ts'
import { answerOf, refusal } from './errors.ts'
import type { KeyKind } from './keys.ts'
import { limitCaller, limitStranger } from './limits.ts'
import type { Body } from './member-input.ts'
import type { TokenClaims } from './tokens.ts'
import { hasRawEmail, hasSecretInBrowser, report } from './traps.ts'

declare module 'fastify' {
  interface FastifyRequest {
    memberstack: {
      caller: Caller
      /** What the body holds; empty where it is. */
      body: Body
      /** On routes that need a member token: what it says. */
      member?: TokenClaims
    }
  }
  interface FastifyContextConfig {
    /** On Memberstack's routes. */
    memberstack?: RouteNeeds
  }
}

export interface RouteNeeds {
  /** Whether a member token is needed. */
  member?: boolean
  /** Whether the body may be anything at all. */
  anyBody?: boolean
}

export const JSON_TYPE = 'application/json; charset=utf-8'
/** A path is shown in a refusal; nobody reads more of it. */
const SHOWN_PATH_MAX = 200

/** Sets up a scope for routes that a key of this kind opens. Routes come after it. */
export function setUpScope(ctx: Context, app: FastifyInstance, kind: KeyKind): void {
  app.decorateRequest('memberstack')
  // wire.ts makes exactly what the schemas say, and the runtime's own serialiser is the fastest.
  app.setSerializerCompiler(() => JSON.stringify)
  // Bodies and queries are read by our own code: schemas of requests are documentation.
  app.setValidatorCompiler(() => () => true)
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.routeOptions.config.memberstack) return done()
    finish(
      whenThere(admit(ctx, request, reply, kind), () => readRawBody(request)),
      done,
    )
  })
  app.addHook('preValidation', (request, _reply, done) => {
    const needs = request.routeOptions.config.memberstack
    if (needs && !needs.anyBody && request.method !== 'GET') request.memberstack.body = bodyOf(request)
    done()
  })
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply))
}

function admit(ctx: Context, request: FastifyRequest, reply: FastifyReply, kind: KeyKind): unknown {
  return whenThere(callerOf(ctx, request, reply, kind), caller => {
    request.memberstack = { caller, body: {} }
    const foreign = kind === 'public' && !isAllowedOrigin(request, caller.app.settings)
    if (foreign) refuseOrigin(reply)
    return whenThere(limitCaller(ctx, request, reply, kind, caller), () => {
      if (foreign) throw refusal('accessDenied', 'forbidden', 'This origin is not allowed.')
      if (hasSecretInBrowser(request)) report(ctx, request, 'secret-key-in-browser', caller.app.id)
      if (hasRawEmail(request)) report(ctx, request, 'unencoded-email', caller.app.id)
      if (!request.routeOptions.config.memberstack?.member) return
      return requireMember(ctx, request, caller).then(claims => {
        request.memberstack.member = claims
      })
    })
  })
}

/** Who asks. One whose key is missing or no good is counted before it is refused. */
function callerOf(ctx: Context, request: FastifyRequest, reply: FastifyReply, kind: KeyKind): Caller | Promise<Caller> {
  const refuse = (error: unknown) => {
    // Where the store does not answer, nothing is known of the key.
    if (!(error instanceof DomainError) || error.code !== 'unauthenticated') throw error
    return whenThere(limitStranger(ctx, request, reply, kind), (): never => {
      if (hasSecretInBrowser(request)) report(ctx, request, 'secret-key-in-browser')
      throw error
    })
  }
  try {
    const caller = authenticate(ctx, request, kind)
    return caller instanceof Promise ? caller.catch(refuse) : caller
  } catch (error) {
    return refuse(error)
  }
}

/** Contract section 1: JSON under `application/json` or no type, and an empty body under any. Throws bodyNotJson and `invalid`. */
function bodyOf({ rawBody, sentContentType }: FastifyRequest): Body {
  if (rawBody.length === 0) return {}
  const type = sentContentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== undefined && type !== '' && type !== 'application/json') throw notJson(`its type is ${type}`)
  let body: unknown
  try {
    body = parseJson(rawBody)
  } catch {
    throw notJson('it is not JSON')
  }
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Body
  throw new DomainError('invalid', 'The request body must be a JSON object.')
}

function notJson(why: string): DomainError {
  return refusal('bodyNotJson', 'malformed', `the body cannot be read: ${why}`)
}

function sendError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = toDomainError(thrown)
  noteRefusal(request, error)
  const { status, body } = answerOf(request.memberstack?.member ? asMember(error) : error)
  if (status === 429) reply.header('retry-after', error.retryAfterS ?? 1)
  const shown = status === 404 ? { ...body, message: `Cannot ${request.method} ${shownPath(request)}` } : body
  return reply.code(status).type(JSON_TYPE).serializer(JSON.stringify).send(shown)
}

/** To a member that is gone since its token was checked, it is the token that is no good. */
function asMember(error: DomainError): DomainError {
  return error.reason === 'memberUnknown' ? refusal('memberTokenInvalid', 'unauthenticated', error.message) : error
}

/** As it was asked for, but for repeated slashes. */
function shownPath({ originalUrl }: FastifyRequest): string {
  return (originalUrl.split('?', 1)[0] ?? '').replace(/\/{2,}/g, '/').slice(0, SHOWN_PATH_MAX)
}
