// The HTTP server: limits, request log, and where everything is mounted.

import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { Logger } from 'pino'
import type { Context } from '../platform/context.ts'
import type { Migrations } from '../platform/db/migrate.ts'
import { DomainError } from '../platform/errors.ts'
import { requestLines } from '../platform/log.ts'
import { noteRefusal } from '../platform/web/refusal.ts'
import type { Vendor } from '../vendors/vendor.ts'
import { answerBrokenHttp } from './broken-http.ts'
import { lazyCompilers } from './compilers.ts'
import { controlApi } from './control/index.ts'
import { createCatalogue, docsRoutes } from './docs.ts'
import { healthRoutes } from './health.ts'
import type { Metrics } from './metrics.ts'
import { ownerOf } from './owner.ts'
import { sendProblem } from './problem.ts'

/**
 * What the parser takes at all, as much as a body may hold. Far below that each scope refuses headers, over 16 KiB, in
 * its own envelope; the parser could not tell whose envelope it is.
 */
const HEADERS_PARSED_MAX_BYTES = 1024 * 1024

/** How long clients may take. */
export interface Patience {
  /** Of a request until its last byte, and of a TLS handshake. */
  requestMs: number
  /** So often it is looked at whose request took longer: they are answered 408. */
  lookEveryMs: number
  /**
   * After so long without a byte either way, or twice that where some was taken first, a connection is ended, whatever it
   * waits for: a client that does not read its answer. Longer than both of the above, after which it is answered.
   */
  silenceMs: number
}

const PATIENCE: Patience = { requestMs: 60_000, lookEveryMs: 30_000, silenceMs: 100_000 }
/** No parameter is longer than the request line may be: the router refuses none by itself. */
const PARAMETER_MAX_LENGTH = HEADERS_PARSED_MAX_BYTES

const SHOWN_PATH_MAX = 200

const CONTROL = 'control'
const CONTROL_PREFIX = '/understudy/v1'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whose route this is, in metrics and logs. */
    vendor?: string
  }
}

export interface ServerParts {
  context: Context
  log: Logger
  metrics: Metrics
  vendors: readonly Vendor[]
  migrations: Migrations
  trustProxy: boolean
  tls: { cert: Buffer; key: Buffer } | undefined
  /** What tests replace. */
  patience?: Patience | undefined
}

export async function createServer(parts: ServerParts): Promise<FastifyInstance> {
  const { context, log, vendors, patience = PATIENCE } = parts
  const server = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => context.ids.hex32(),
    // A logger of its own for each request costs more than the line it writes; lines name the request themselves.
    childLoggerFactory: logger => logger,
    // The one before us: what stands further left in `X-Forwarded-For` its clients may have invented.
    trustProxy: parts.trustProxy && ((_address, hop) => hop === 0),
    exposeHeadRoutes: false,
    return503OnClosing: false,
    requestTimeout: patience.requestMs,
    connectionTimeout: patience.silenceMs,
    ...transportOf(parts.tls, patience),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: PARAMETER_MAX_LENGTH },
    rewriteUrl: request => decodable(collapsed(request.url ?? '/', vendors)),
    clientErrorHandler: (error, socket) =>
      answerBrokenHttp(error, socket, { vendors, log, requestId: context.ids.hex32() }),
    schemaController: { compilersFactory: lazyCompilers },
    // All findings at once, and nothing converted or dropped on the way in.
    ajv: { customOptions: { allErrors: true, coerceTypes: false, removeAdditional: false, useDefaults: false } },
  }) as unknown as FastifyInstance // the logger's type parameter, which nobody here needs

  // An expectation that nobody knows may be let be (RFC 9110, 10.1.1); the runtime would answer it, in nobody's envelope.
  server.server.on('checkExpectation', (request, reply) => server.server.emit('request', request, reply))
  // Known beforehand, so that all requests have one shape: a field that is added later makes each of them slow.
  for (const field of ['rawBody', 'sentContentType', 'refusal']) server.decorateRequest(field)
  observe(server, parts)
  server.addHook('onRequest', (request, reply, done) => {
    const { headers, httpVersion } = request.raw
    if (httpVersion === '1.1' ? headers.host !== undefined : httpVersion === '1.0') return done()
    // The parser takes 0.9 and 2.0 too. RFC 9112, 3.2: from 1.1 on a host is named.
    const problem = httpVersion === '1.1' ? 'the request names no host' : `this is HTTP/${httpVersion}, not 1.1`
    refuseEarly(parts, new DomainError('malformed', problem), request, reply)
  })
  const refuseUnknown = (request: FastifyRequest, reply: FastifyReply) => refuseUnknownPath(parts, request, reply)
  // Where there is no route, it does not matter what else is wrong.
  server.setErrorHandler((error, request, reply) =>
    request.is404 ? refuseUnknown(request, reply) : sendProblem(error, request, reply),
  )
  server.setNotFoundHandler(refuseUnknown)

  const catalogue = createCatalogue()
  for (const vendor of vendors) {
    await server.register(async scope => {
      label(scope, vendor.name)
      catalogue.add(scope, vendor.name, vendor.title, vendor.securitySchemes)
      await vendor.api(context)(scope, {})
    })
  }
  await server.register(
    async scope => {
      label(scope, CONTROL)
      catalogue.add(scope, CONTROL, 'Understudy control API', { bearer: { type: 'http', scheme: 'bearer' } })
      await controlApi(context, vendors)(scope, {})
    },
    { prefix: CONTROL_PREFIX },
  )
  await server.register(healthRoutes(parts))
  await server.register(docsRoutes(catalogue))
  await server.ready()
  return server
}

function transportOf(tls: ServerParts['tls'], { requestMs, lookEveryMs }: Patience) {
  const http = {
    maxHeaderSize: HEADERS_PARSED_MAX_BYTES,
    // A request without a host is refused in its own envelope, further up.
    requireHostHeader: false,
    // No longer than for the whole request: the runtime would take one for the other.
    headersTimeout: requestMs,
    connectionsCheckingInterval: lookEveryMs,
  }
  if (!tls) return { http }
  return { https: { ...tls, minVersion: 'TLSv1.2', handshakeTimeout: requestMs, ...http } as const }
}

/** One log line and one count for each request, when its answer has left. Paths stay out: they hold ids and tokens. */
function observe(server: FastifyInstance, { log, metrics, vendors }: ServerParts): void {
  const writeLine = requestLines(log)
  server.addHook('onResponse', (request, reply, done) => {
    // Asked for once: it is put together anew each time.
    const { config, url } = request.routeOptions
    const vendor = config.vendor ?? vendorOf(request, vendors)
    const route = (request.is404 ? undefined : url) ?? 'unmatched'
    const ms = reply.elapsedTime
    metrics.countRequest(vendor, request.method, route, reply.statusCode, ms / 1000)
    writeLine({
      reqId: request.id,
      vendor,
      method: request.method,
      route,
      status: reply.statusCode,
      ms: Math.round(ms * 100) / 100,
      code: request.refusal?.code,
      reason: request.refusal?.reason,
    })
    done()
  })
}

function vendorOf(request: FastifyRequest, vendors: readonly Vendor[]): string {
  if (request.url.startsWith(CONTROL_PREFIX)) return CONTROL
  return ownerOf(request.url, vendors)?.name ?? 'server'
}

function label(scope: FastifyInstance, vendor: string): void {
  scope.addHook('onRoute', route => {
    route.config = { ...route.config, vendor }
  })
}

/** A path that is not the server's own and no vendor's belongs to the vendor whose API is at the root. */
function refuseUnknownPath(
  { context, vendors }: ServerParts,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  // Two errors: the path is shown to whoever asked, and stays out of the log.
  const noted = new DomainError('notFound', 'there is no such route; /docs lists them')
  const owner = ownerOf(request.url, vendors)
  if (!owner) return sendProblem(noted, request, reply)
  noteRefusal(request, noted)
  owner.seeUnknown?.(context, request, reply)
  const path = (request.originalUrl.split('?', 1)[0] ?? '').replace(/\/{2,}/g, '/').slice(0, SHOWN_PATH_MAX)
  return sendPlain(owner, new DomainError('notFound', `Cannot ${request.method} ${path}`), request, reply)
}

/** Refuses what no scope gets to see, in the envelope of whose path it is. */
function refuseEarly(
  { vendors }: ServerParts,
  error: DomainError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const owner = ownerOf(request.url, vendors)
  if (!owner) return sendProblem(error, request, reply)
  noteRefusal(request, error)
  return sendPlain(owner, error, request, reply)
}

function sendPlain(owner: Vendor, error: DomainError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, headers, body } = owner.refuse(error, request.id)
  return reply.code(status).headers(headers).send(body)
}

/** `//app` is `/app`, where the path is of the vendor at the root: its clients append paths to a URL that may end in a slash. */
function collapsed(url: string, vendors: readonly Vendor[]): string {
  const [path = '', ...query] = url.split('?')
  if (!path.includes('//')) return url
  const shorter = path.replace(/\/{2,}/g, '/')
  return ownerOf(shorter, vendors)?.atRoot ? [shorter, ...query].join('?') : url
}

/** A path with a broken escape matches nothing that exists: `!` is in no id. The signature is checked on the original. */
function decodable(url: string): string {
  if (!url.includes('%')) return url
  const [path = '', ...query] = url.split('?')
  try {
    decodeURIComponent(path)
    return url
  } catch {
    return [path.replaceAll('%', '!'), ...query].join('?')
  }
}
