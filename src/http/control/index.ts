// The control API: how the server's operator makes tenants, keys and roles, and reads what happened.

import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { Context } from '../../platform/context.ts'
import { isUsable } from '../../platform/credentials/credential.ts'
import * as credentials from '../../platform/credentials/credentials.ts'
import { DomainError } from '../../platform/errors.ts'
import { allOf } from '../../platform/web/all-of.ts'
import { parseJson, readRawBody } from '../../platform/web/raw-body.ts'
import { isStorable } from '../../platform/web/storable.ts'
import type { ControlScope, Vendor } from '../../vendors/vendor.ts'
import { Problem, sendProblem } from '../problem.ts'
import { eventRoutes } from './events.ts'
import { holderRoutes } from './holders.ts'
import { keyRoutes } from './keys.ts'
import { mailRoutes } from './mails.ts'
import { tokenRoutes } from './tokens.ts'

/** What each scope includes. */
const includes: Record<ControlScope, readonly ControlScope[]> = {
  read: ['read'],
  write: ['read', 'write'],
  admin: ['read', 'write', 'admin'],
}

export function controlApi(ctx: Context, vendors: readonly Vendor[]): FastifyPluginAsync {
  return async app => {
    app.addHook('onRequest', async (request, reply) => {
      reply.header('cache-control', 'no-store').header('x-request-id', request.id)
      await readRawBody(request)
      const held = await authenticate(ctx, request)
      requireScope(request, held)
      request.operatorScope = held
    })
    app.addHook('preValidation', async request => {
      if (!request.routeOptions.schema?.body) return
      request.body = parseJson(request.rawBody)
      if (!isStorable(request.body)) throw new DomainError('malformed', 'the body holds text that cannot be kept')
    })
    // PostgreSQL refuses such a text, where it is not just looked for.
    app.addHook('preHandler', async request => {
      if (!isStorable(request.params)) throw new DomainError('notFound', 'nothing has an id that cannot be kept')
    })
    app.addHook('onRoute', route => {
      const response = { ...(route.schema?.response as object | undefined), '4xx': Problem }
      route.schema = { ...route.schema, response }
    })
    app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply))
    app.setNotFoundHandler((request, reply) =>
      sendProblem(new DomainError('notFound', 'the control API has no such route; see /docs/control'), request, reply),
    )
    const own = [eventRoutes(ctx), keyRoutes(ctx, vendors), holderRoutes(ctx), mailRoutes(ctx), tokenRoutes(ctx)]
    await allOf(own)(app, {})
    for (const vendor of vendors) await app.register(vendor.control(ctx), { prefix: `/${vendor.name}` })
  }
}

/** Sets `request.operator` and gives the scope that the token holds. Throws `unauthenticated`. */
async function authenticate(ctx: Context, request: FastifyRequest): Promise<ControlScope> {
  const token = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1]
  const credential = token === undefined ? undefined : await credentials.find(ctx, token)
  if (credential?.vendor !== 'understudy' || !isUsable(ctx, credential)) {
    throw new DomainError('unauthenticated', 'send a control token as `Authorization: Bearer ust_…`')
  }
  ctx.usage.note(credential.id)
  request.operator = {
    vendor: 'understudy',
    tenant: '',
    actor: `token:${credential.id}`,
    operator: true,
    requestId: request.id,
  }
  return credential.mode as ControlScope
}

function requireScope(request: FastifyRequest, held: ControlScope): void {
  const needed = request.routeOptions.config.controlScope ?? (request.method === 'GET' ? 'read' : 'write')
  if (!includes[held].includes(needed)) {
    throw new DomainError('forbidden', `this needs a token of scope ${needed}; yours has ${held}`)
  }
}
