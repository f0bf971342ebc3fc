// What every request goes through, in the order of contract section 11: path, key, rate limit, member token, body.

import { METHODS } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../platform/context.ts'
import { DomainError, toDomainError } from '../../platform/errors.ts'
import { finish, whenThere } from '../../platform/web/at-once.ts'
import { parseJson, readRawBody } from '../../platform/web/raw-body.ts'
import { noteRefusal } from '../../platform/web/refusal.ts'
import { authenticate, type Caller, keyIn, requireMember } from './auth.ts'
import { isAllowedOrigin, refuseOrigin } from './client/cors.ts'
import { answerOf, refusal } from './errors.ts'
import type { KeyKind } from './keys.ts'
import { limitCaller, limitStranger } from './limits.ts'
import type { Body } from './member-input.ts'
import type { TokenClaims } from './tokens.ts'
import { hasRawEmail, report } from './traps.ts'

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

/** Answers every other path below these, and every other method on theirs, with 404 in this envelope. */
export function refuseTheRest(app: FastifyInstance, paths: readonly string[]): void {
  for (const method of METHODS) {
    if (method !== 'CONNECT' && !app.supportedMethods.includes(method)) app.addHttpMethod(method)
  }
  for (const path of paths) {
    for (const url of [path, `${path}/*`]) {
      const taken = app.supportedMethods.filter(method => app.hasRoute({ method, url }))
      app.route({
        url,
        method: app.supportedMethods.filter(method => !taken.includes(method)),
        schema: { hide: true },
        handler: async () => {
          throw new DomainError('notFound', 'no such route')
        },
      })
    }
  }
}

function admit(ctx: Context, request: FastifyRequest, reply: FastifyReply, kind: KeyKind): unknown {
  reportSecretInBrowser(ctx, request)
  let found: Caller | Promise<Caller>
  try {
    found = authenticate(ctx, request, kind)
  } catch (error) {
    limitStranger(ctx, request, reply, kind)
    throw error
  }
  const admitted =
    found instanceof Promise ? found.catch(error => refuseStranger(ctx, request, reply, kind, error)) : found
  return whenThere(admitted, caller => {
    request.memberstack = { caller, body: {} }
    if (kind === 'public' && !isAllowedOrigin(request, caller.app.settings)) {
      refuseOrigin(reply)
      throw refusal('accessDenied', 'forbidden', 'This origin is not allowed.')
    }
    limitCaller(ctx, request, reply, kind, caller)
    if (hasRawEmail(request)) report(ctx, request, 'unencoded-email', caller.fingerprint, caller.app.id)
    if (!request.routeOptions.config.memberstack?.member) return
    return requireMember(ctx, request, caller).then(claims => {
      request.memberstack.member = claims
    })
  })
}

function refuseStranger(
  ctx: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  kind: KeyKind,
  error: unknown,
): never {
  limitStranger(ctx, request, reply, kind)
  throw error
}

/** A page of some origin sent a secret key: everybody who opens the page can read it there. */
function reportSecretInBrowser(ctx: Context, request: FastifyRequest): void {
  const key = keyIn(request)
  if (request.headers.origin === undefined || !key?.startsWith('sk_')) return
  report(ctx, request, 'secret-key-in-browser', ctx.vault.memoryHash(key))
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
  const { status, body } = answerOf(error)
  if (status === 429) reply.header('retry-after', '1')
  const shown = status === 404 ? { ...body, message: `Cannot ${request.method} ${shownPath(request)}` } : body
  return reply.code(status).type(JSON_TYPE).serializer(JSON.stringify).send(shown)
}

function shownPath({ url }: FastifyRequest): string {
  return (url.split('?', 1)[0] ?? '').slice(0, SHOWN_PATH_MAX)
}
