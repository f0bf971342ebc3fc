// What every request goes through, in the order of contract section 11: credentials, rate limit, route, mode, body.

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
  }
}

/** Methods by the pattern of their path. */
type Methods = Map<string, Set<string>>

/**
 * Sets up a scope: its hooks, its errors and its 404. Routes come after it, and after these, what it returns: it answers
 * every other method on their paths with 405.
 */
export function setUpScope(ctx: Context, app: FastifyInstance): () => void {
  const methods: Methods = new Map()
  app.addHook('onRoute', ({ url, method, config }) => {
    if (!config?.easypost) return
    methods.set(url, new Set([...(methods.get(url) ?? []), ...[method].flat()]))
  })
  app.decorateRequest('easypost')
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headersOf(request.id, request.protocol === 'https'))
    const caller = await authenticate(ctx, request)
    request.easypost = { caller, parameters: {} }
    await limitRate(ctx, caller, request.routeOptions.config.easypost?.list ?? false)
    requireMethod(request, reply, methods)
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
  return () => refuseOtherMethods(app, methods)
}

/**
 * Keeps a method that a path does not have from falling through to a wider pattern. Methods that no path has are left to
 * the 404: routes for all that there are would be half of the server's start.
 */
function refuseOtherMethods(app: FastifyInstance, methods: Methods): void {
  const known = new Set([...methods.values()].flatMap(names => [...names]))
  for (const [url, names] of methods) {
    app.route({
      url: url.slice(app.prefix.length),
      method: [...known.difference(names)],
      schema: { hide: true },
      // Never reached: refused as soon as the caller is known.
      handler: async () => ({}),
    })
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
function requireMethod({ url, routeOptions }: FastifyRequest, reply: FastifyReply, methods: Methods): void {
  if (routeOptions.config.easypost) return
  // The router's word comes first: it reads escapes, and stops at a `#`.
  const names = methods.get(routeOptions.url ?? '') ?? methodsAt(url, methods)
  if (!names) return
  const allow = [...names].sort().join(', ')
  reply.header('allow', allow)
  throw refusal('methodNotAllowed', 'notFound', `only ${allow} are allowed here`)
}

/** Undefined where there is no such path. A path without a parameter wins, as it does in the router. */
function methodsAt(url: string, methods: Methods): Set<string> | undefined {
  const path = (url.split('?', 1)[0] ?? '').replace(/\/$/, '')
  const fits = ([pattern]: [string, unknown]) => new RegExp(`^${pattern.replace(/:\w+/g, '[^/]+')}$`).test(path)
  return methods.get(path) ?? [...methods].find(fits)?.[1]
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
