// What every request goes through, in the order of contract section 11: credentials, rate limit, route, mode, body.

import { METHODS } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../platform/context.ts'
import { DomainError, toDomainError } from '../../platform/errors.ts'
import { readRawBody } from '../../platform/web/raw-body.ts'
import { noteRefusal } from '../../platform/web/refusal.ts'
import { type RouteAccess, requireMode } from './access.ts'
import { authenticate, type Caller } from './auth.ts'
import { hasParameters, type Parameters, parametersIn } from './body.ts'
import { answerOf, refusal } from './errors.ts'
import { headersOf, JSON_TYPE, runtimeOf } from './headers.ts'

declare module 'fastify' {
  interface FastifyRequest {
    easypost: {
      caller: Caller
      /** What the body holds; empty where bodies are ignored. */
      parameters: Parameters
      /** Why the body could not be read; told only once it is its turn. */
      bodyRefusal?: DomainError
    }
  }
  interface FastifyContextConfig {
    /** On EasyPost's routes: which keys open it, and whether it counts as a list. */
    easypost?: { access: RouteAccess; list: boolean }
    /** On EasyPost's paths: the methods that there are, where this is none of them. */
    easypostAllow?: string
  }
}

/** Sets up a scope: its hooks, its errors and its 404. Routes come after it. */
export function setUpScope(ctx: Context, app: FastifyInstance): void {
  app.decorateRequest('easypost')
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headersOf(request.id, request.protocol === 'https'))
    const caller = await authenticate(ctx, request)
    request.easypost = { caller, parameters: {} }
    await limitRate(ctx, caller, request.routeOptions.config.easypost?.list ?? false)
    requireMethod(request, reply)
    await keepBody(request)
  })
  app.addHook('preValidation', async request => {
    const { easypost: route } = request.routeOptions.config
    if (!route) return
    const { caller, bodyRefusal } = request.easypost
    const { id } = request.params as { id?: string }
    requireMode(caller, route.access, id)
    if (!hasParameters(request)) return
    if (bodyRefusal) throw bodyRefusal
    request.easypost.parameters = parametersIn(request.rawBody, request.sentContentType)
  })
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-runtime', runtimeOf(reply.elapsedTime))
  })
  // Bodies and queries are read by our own code: schemas of requests are documentation.
  app.setValidatorCompiler(() => () => true)
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply))
  app.setNotFoundHandler((request, reply) => sendError(new DomainError('notFound', 'no such route'), request, reply))
}

/**
 * Answers every other method on the paths of `app` with 405. Call it before the routes, which it listens to; what it
 * returns, after them.
 */
export function refuseOtherMethods(app: FastifyInstance): () => void {
  const methodsOf = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method, config }) => {
    if (!config?.easypost) return
    const methods = methodsOf.get(url) ?? new Set<string>()
    for (const name of [method].flat()) methods.add(name)
    methodsOf.set(url, methods)
  })
  for (const method of METHODS) {
    if (method !== 'CONNECT' && !app.supportedMethods.includes(method)) app.addHttpMethod(method)
  }
  return () => {
    for (const [url, methods] of methodsOf) {
      const allow = [...methods].sort().join(', ')
      app.route({
        url: url.slice(app.prefix.length),
        method: app.supportedMethods.filter(method => !methods.has(method)),
        config: { easypostAllow: allow },
        schema: { hide: true },
        // Never reached: refused as soon as the caller is known.
        handler: async () => ({}),
      })
    }
  }
}

/** Contract section 13: two buckets a user, for both its modes together. */
async function limitRate(ctx: Context, { principal, userId, settings }: Caller, list: boolean): Promise<void> {
  const [kind, perSecond] = list ? ['list', settings.listPerSecond] : ['other', settings.perSecond]
  if (!(await ctx.buckets.take(`easypost:${kind}:${principal.tenant}:${userId}`, Number(perSecond)))) {
    throw new DomainError('rateLimited', `more than ${perSecond} requests a second`)
  }
}

/** Throws `METHOD_NOT_ALLOWED`. */
function requireMethod(request: FastifyRequest, reply: FastifyReply): void {
  const { easypostAllow: allow } = request.routeOptions.config
  if (allow === undefined) return
  reply.header('allow', allow)
  throw refusal('methodNotAllowed', 'notFound', `only ${allow} are allowed here`)
}

/** Reads the bytes; what is wrong with them waits until route and mode have been checked. Throws `headersTooLarge`. */
async function keepBody(request: FastifyRequest): Promise<void> {
  try {
    await readRawBody(request)
  } catch (thrown) {
    const error = toDomainError(thrown)
    if (error.code === 'headersTooLarge') throw error
    request.easypost.bodyRefusal = error
    const { headers } = request.raw
    delete headers['content-length']
    delete headers['transfer-encoding']
  }
}

function sendError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = toDomainError(thrown)
  noteRefusal(request, error)
  const { status, body } = answerOf(error)
  if (status === 401) reply.header('www-authenticate', 'Basic realm="api"')
  if (status === 429) reply.header('retry-after', '1')
  return reply.code(status).type(JSON_TYPE).serializer(JSON.stringify).send(body)
}
