// The Members API: contract section 4, in the order of checks of section 1.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Context } from '../../platform/context.ts'
import { DomainError, toDomainError } from '../../platform/errors.ts'
import type { Allowance } from '../../platform/rate-limit/fixed-window.ts'
import { finish, whenThere } from '../../platform/web/at-once.ts'
import { parseJson, readRawBody } from '../../platform/web/raw-body.ts'
import { noteRefusal } from '../../platform/web/refusal.ts'
import { authenticate, type Caller } from './auth.ts'
import { answerOf } from './errors.ts'
import { READ, WRITE } from './keys.ts'
import * as memberships from './memberships.ts'
import { firstOf, pageRequest } from './paging.ts'
import * as roles from './roles.store.ts'
import {
  CreateMembershipBody,
  EmptyReply,
  ErrorReply,
  ListQuery,
  MembershipListReply,
  RoleListReply,
  SingleMembershipReply,
  UpdateMembershipBody,
} from './schema.ts'
import { validationError } from './validation.ts'
import { created, membershipOf, ok, singleMembershipOf } from './wire.ts'

declare module 'fastify' {
  interface FastifyRequest {
    aftership: Caller
  }
  interface FastifyContextConfig {
    /** The scope that a caller needs for this route. */
    scope?: string
  }
}

/** Mounted under `/admin`, so that everything there answers in this envelope. */
export const PREFIX = '/admin'
const VERSION = '/2022-01'
export const BASE_PATH = `${PREFIX}${VERSION}`

const WINDOW_MS = 1000
const NO_STORE = 'no-store, no-cache, must-revalidate, proxy-revalidate'
const ById = Type.Object({ id: Type.String() })

export function membersApi(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    app.decorateRequest('aftership')
    // wire.ts makes exactly what the schemas say, and the runtime's own serialiser is the fastest.
    app.setSerializerCompiler(() => JSON.stringify)
    app.addHook('onRequest', (request, reply, done) => {
      reply.headers(commonHeaders(request.id))
      finish(
        whenThere(readRawBody(request), () =>
          whenThere(authenticate(ctx, request), caller => {
            request.aftership = caller
            return whenThere(limitRate(ctx, request, reply), () => requireScope(request))
          }),
        ),
        done,
      )
    })
    app.setErrorHandler((error, request, reply) => sendError(error, request, reply))
    app.setNotFoundHandler((request, reply) => sendError(new DomainError('notFound', 'no such route'), request, reply))

    app.get(
      `${VERSION}/memberships`,
      route('List memberships', READ, { querystring: ListQuery }, { 200: MembershipListReply }),
      async request => {
        const query = request.query as Record<string, unknown>
        const { page, limit } = pageRequest(query)
        const email = firstOf(query.email)?.trim() || undefined
        const found = await memberships.listPage(ctx, request.aftership.principal, { page, limit, email })
        return ok({
          memberships: found.memberships.map(membershipOf),
          pagination: { page, limit, total: found.total },
          parameter_string: '',
        })
      },
    )

    app.post(
      `${VERSION}/memberships`,
      route('Create a membership (invite)', WRITE, { body: CreateMembershipBody }, { 201: SingleMembershipReply }),
      async (request, reply) => {
        const { account, role } = request.body
        const membership = await memberships.invite(ctx, request.aftership.principal, {
          email: account.email,
          accountId: account.id,
          roleCode: role.code,
        })
        reply.code(201)
        return created(singleMembershipOf(membership))
      },
    )

    app.get(
      `${VERSION}/memberships/:id`,
      route('Read a membership', READ, { params: ById }, { 200: SingleMembershipReply }),
      async request =>
        ok(singleMembershipOf(await memberships.get(ctx, request.aftership.principal, request.params.id))),
    )

    app.patch(
      `${VERSION}/memberships/:id`,
      route('Change the role', WRITE, { params: ById, body: UpdateMembershipBody }, { 200: SingleMembershipReply }),
      async request => {
        const { principal } = request.aftership
        return ok(
          singleMembershipOf(await memberships.setRole(ctx, principal, request.params.id, request.body.role.code)),
        )
      },
    )

    app.delete(
      `${VERSION}/memberships/:id`,
      route('Remove from the organization', WRITE, { params: ById }, { 200: EmptyReply }),
      async request => {
        await memberships.remove(ctx, request.aftership.principal, request.params.id)
        return ok({})
      },
    )

    app.get(`${VERSION}/roles`, route('List roles', READ, {}, { 200: RoleListReply }), async request =>
      ok({ roles: await roles.list(ctx, request.aftership.principal.tenant), parameter_string: '' }),
    )
  }
}

/** On every response: contract section 5. */
export function commonHeaders(requestId: string): Record<string, string> {
  return { 'as-trace-id': requestId, 'cache-control': NO_STORE }
}

function requireScope(request: FastifyRequest): void {
  const { scope } = request.routeOptions.config
  if (scope === undefined || request.aftership.scopes.includes(scope)) return
  throw new DomainError('forbidden', `scope ${scope} is missing`)
}

async function readJson(request: FastifyRequest): Promise<void> {
  request.body = parseJson(request.rawBody)
}

function route<const Input extends object, const Reply extends object>(
  summary: string,
  scope: string,
  input: Input,
  replies: Reply,
) {
  return {
    config: { scope },
    ...('body' in input ? { preValidation: readJson } : {}),
    schema: { summary, tags: ['Members'], ...input, response: { ...replies, '4xx': ErrorReply } },
  }
}

/** Contract section 5: one window per organization, both header families, on every authenticated reply. */
function limitRate(ctx: Context, request: FastifyRequest, reply: FastifyReply): unknown {
  const { principal, requestsPerSecond } = request.aftership
  return whenThere(ctx.limits.take(`aftership:${principal.tenant}`, requestsPerSecond, WINDOW_MS), allowance => {
    setLimitHeaders(reply, allowance)
    if (!allowance.allowed) throw new DomainError('rateLimited', 'more requests in a second than allowed')
  })
}

function setLimitHeaders(reply: FastifyReply, { limit, remaining, resetAt }: Allowance): void {
  // Rounded up: a client that waits for it is never early.
  const reset = Math.ceil(resetAt / 1000)
  reply
    .header('ratelimit-limit', limit)
    .header('ratelimit-remaining', remaining)
    .header('ratelimit-reset', reset)
    .header('x-ratelimit-limit', limit)
    .header('x-ratelimit-remaining', remaining)
    .header('x-ratelimit-reset', reset)
}

function sendError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = domainErrorOf(thrown, request)
  noteRefusal(request, error)
  const { status, body } = answerOf(error)
  return reply.code(status).type('application/json; charset=utf-8').serializer(JSON.stringify).send(body)
}

function domainErrorOf(thrown: unknown, request: FastifyRequest): DomainError {
  if (thrown instanceof Error && 'validation' in thrown && Array.isArray(thrown.validation)) {
    const body = request.routeOptions.schema?.body as { required?: string[] } | undefined
    return validationError(thrown.validation, body?.required ?? [])
  }
  return toDomainError(thrown)
}
