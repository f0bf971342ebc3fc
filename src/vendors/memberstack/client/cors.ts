// Pages of other origins call the client API: contract section 10. Without these headers every call of theirs fails.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AppSettings } from '../settings.ts'

const EXPOSED = 'ms-mid, ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after'
const METHODS = 'GET, POST, PUT, PATCH, DELETE, OPTIONS'
const HEADERS =
  'authorization, content-type, x-api-key, x-app-id, x-user-agent, x-session-id, x-api-version, referring-path'
/** How long a browser remembers a preflight. */
const MAX_AGE_S = '600'

/** Echoes the origin on every answer of the scope, errors included. Call it before all other hooks. */
export function allowOrigins(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    allowOrigin(request, reply)
    done()
  })
}

/** Echoes the origin on this answer. */
export function allowOrigin({ headers: { origin } }: FastifyRequest, reply: FastifyReply): void {
  reply.header('vary', 'Origin')
  if (origin === undefined) return
  reply
    .header('access-control-allow-origin', origin)
    .header('access-control-allow-credentials', 'true')
    .header('access-control-expose-headers', EXPOSED)
}

/** Answers OPTIONS on these paths and below them: a browser asks before it shows any key. */
export function answerPreflights(app: FastifyInstance, paths: readonly string[]): void {
  for (const path of paths) {
    for (const url of [path, `${path}/*`]) {
      app.options(url, { schema: { hide: true } }, async (_request, reply) =>
        reply
          .code(204)
          .headers({
            'access-control-allow-methods': METHODS,
            'access-control-allow-headers': HEADERS,
            'access-control-max-age': MAX_AGE_S,
          })
          .send(),
      )
    }
  }
}

/** Whether the app lets this request's page call it. A request of no page has no origin. */
export function isAllowedOrigin({ headers: { origin } }: FastifyRequest, { allowedOrigins }: AppSettings): boolean {
  return origin === undefined || allowedOrigins === null || allowedOrigins.includes(origin)
}

/** Takes back what `allowOrigins` said, for an origin that the app does not let in. */
export function refuseOrigin(reply: FastifyReply): void {
  reply.removeHeader('access-control-allow-origin').removeHeader('access-control-allow-credentials')
}
