// The Admin API: contract section 3, and the guide's order.

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Context } from '../../platform/context.ts'
import * as appStore from './apps.store.ts'
import { refusal, wrongType } from './errors.ts'
import { flagIn, memberChangesIn, newMemberIn, textIn } from './member-input.ts'
import * as memberPlans from './member-plans.ts'
import * as store from './members.store.ts'
import * as members from './members.ts'
import { pageOf, pageRequest } from './paging.ts'
import * as removal from './removal.ts'
import * as schema from './schema.ts'
import * as tokens from './tokens.ts'
import { listedMemberOf, memberOf, NO_TEAMS } from './wire.ts'

interface ById {
  Params: { id: string }
}
type Query = Record<string, unknown>

const params = schema.ById
const tags = ['Members']
const RetrievedMember = schema.dataOrNull(
  Type.Object({ ...schema.Member.properties, teams: Type.Optional(schema.Teams) }),
)

export const ADMIN_PATH = '/members'

export function adminRoutes(ctx: Context, app: FastifyInstance): void {
  app.get(
    ADMIN_PATH,
    route('List all members', { querystring: schema.ListQuery }, schema.MemberList),
    async request => {
      const { principal, app } = request.memberstack.caller
      const query = request.query as Query
      const page = pageRequest(query, app.settings.pageSizeMax)
      const [totalCount, found] = await Promise.all([
        appStore.countOf(ctx, principal),
        store.list(ctx, principal, page, page.limit + 1),
      ])
      const { items, endCursor, hasMore } = pageOf(found, page)
      const shown = query.includeJSON === 'true' ? memberOf : listedMemberOf
      return { totalCount, endCursor, hasNextPage: hasMore, hasMore, data: items.map(shown) }
    },
  )

  app.post(
    ADMIN_PATH,
    route('Create a member', { body: schema.NewMemberBody }, schema.dataOf(schema.Member)),
    async request => {
      const { caller, body } = request.memberstack
      const input = await members.withHashedPassword(ctx, caller.principal, newMemberIn(body))
      return { data: memberOf(await members.create(ctx, caller.principal, input)) }
    },
  )

  // Before the routes with an id: it never is one.
  app.post(
    `${ADMIN_PATH}/verify-token`,
    route('Verify a member token', { body: schema.TokenBody }, schema.dataOf(schema.TokenClaims)),
    async request => {
      const { caller, body } = request.memberstack
      const verify = caller.app.settings.verifyTokenStrict ? tokens.verifyLiving : tokens.verify
      const claims = typeof body.token === 'string' ? await verify(ctx, caller.principal, body.token) : undefined
      if (!claims) throw refusal('tokenInvalid', 'invalid', 'the token is bad, late, ended or for another app')
      return { data: claims }
    },
  )

  app.get<ById>(
    `${ADMIN_PATH}/:id`,
    route('Retrieve a member by id or email', { params, querystring: schema.RetrieveQuery }, RetrievedMember),
    async request => {
      const { principal } = request.memberstack.caller
      requireDecodable(request)
      const { id } = request.params
      const member = id.startsWith('mem_')
        ? await store.find(ctx, principal, id)
        : await store.findByEmail(ctx, principal, id)
      if (!member) return { data: null }
      const { include } = request.query as Query
      return { data: include === 'teams' ? { ...memberOf(member), teams: NO_TEAMS } : memberOf(member) }
    },
  )

  app.route<ById>({
    method: ['PATCH', 'POST'],
    url: `${ADMIN_PATH}/:id`,
    ...route('Update a member', { params, body: schema.MemberBody }, schema.dataOf(schema.Member)),
    handler: async request => {
      const { caller, body } = request.memberstack
      return { data: memberOf(await members.update(ctx, caller.principal, request.params.id, memberChangesIn(body))) }
    },
  })

  app.delete<ById>(
    `${ADMIN_PATH}/:id`,
    route(
      'Delete a member',
      { params, querystring: schema.DeleteQuery, body: schema.DeleteBody },
      schema.dataOf(schema.DeletedMember),
      { 502: schema.ErrorReply },
    ),
    async request => {
      const { caller, body } = request.memberstack
      const { id } = request.params
      const query = request.query as Query
      await removal.remove(ctx, caller.principal, id, {
        deleteStripeCustomer: flagIn('deleteStripeCustomer', body, query),
        cancelStripeSubscriptions: flagIn('cancelStripeSubscriptions', body, query),
      })
      return { data: { id } }
    },
  )

  app.post<ById>(
    `${ADMIN_PATH}/:id/add-plan`,
    route('Add a free plan to a member', { params, body: schema.PlanBody }, schema.Ok),
    async (request, reply) => {
      const { caller, body } = request.memberstack
      await memberPlans.add(ctx, caller.principal, request.params.id, textIn(body, 'planId'))
      return reply.type('text/plain; charset=utf-8').serializer(asIs).send('OK')
    },
  )

  app.post<ById>(
    `${ADMIN_PATH}/:id/remove-plan`,
    route('Remove a free plan from a member', { params, body: schema.PlanBody }, schema.Ok),
    async (request, reply) => {
      const { caller, body } = request.memberstack
      await memberPlans.remove(ctx, caller.principal, request.params.id, textIn(body, 'planId'))
      return reply.type('text/plain; charset=utf-8').serializer(asIs).send('OK')
    },
  )
}

function route(summary: string, input: object, reply: object, others: object = {}) {
  const response = { 200: reply, '4xx': schema.ErrorReply, ...others }
  return {
    config: { memberstack: {} },
    schema: { tags, summary, security: schema.signedBy.key, ...input, response },
  }
}

const asIs = (text: string) => text

/** The server keeps a broken escape away from the router; here it is refused. Throws `invalid`. */
function requireDecodable({ originalUrl }: FastifyRequest): void {
  if (!originalUrl.includes('%')) return
  try {
    decodeURIComponent(originalUrl.split('?', 1)[0] ?? '')
  } catch {
    throw wrongType('id', 'must be percent-encoded UTF-8')
  }
}
