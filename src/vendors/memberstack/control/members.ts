import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import { numberOf, pageByNumber } from '../../../platform/db/keyset.ts'
import { DomainError } from '../../../platform/errors.ts'
import { ListQuery, listOf, listReply, pageQuery } from '../../../platform/web/list-query.ts'
import * as apps from '../apps.ts'
import * as memberPlans from '../member-plans.ts'
import * as store from '../members.store.ts'
import * as members from '../members.ts'
import * as removal from '../removal.ts'
import { appPrincipalOf, memberPrincipalOf } from './principal.ts'
import * as schema from './schema.ts'

const ByApp = Type.Object({ app: Type.String() })
const ById = Type.Object({ app: Type.String(), id: Type.String() })
const ByPlan = Type.Object({ app: Type.String(), id: Type.String(), plan: Type.String() })
const Filter = Type.Object({
  ...ListQuery,
  environment: schema.Environment,
  state: Type.Optional(schema.MemberState),
})

/** Members as operators see them: deleted ones too, paid plans too. All else is the vendor's own API. */
export function memberRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Members']
    const base = '/apps/:app/members'
    app.get(
      base,
      {
        schema: {
          tags,
          summary: 'List members of an environment, or deleted ones that can be restored',
          params: ByApp,
          querystring: Filter,
          response: { 200: listOf(schema.Member) },
        },
      },
      async request => {
        const { environment, state } = request.query
        const { id } = await apps.get(ctx, request.params.app)
        const { after, limit } = pageQuery(request.query)
        const filter = { after: numberOf(after, 0), deleted: state === 'deleted' }
        const principal = appPrincipalOf(request, id, environment)
        const rows = await store.listForOperator(ctx, principal, filter, limit + 1)
        const page = pageByNumber(rows, limit, row => row.number)
        return listReply(page, member => schema.memberOf(environment, member))
      },
    )
    app.get(
      `${base}/:id`,
      { schema: { tags, summary: 'Read a member, deleted or not', params: ById, response: { 200: schema.Member } } },
      async request => {
        const principal = memberPrincipalOf(request, request.params.app, request.params.id)
        const member = await store.findAny(ctx, principal, request.params.id)
        if (!member) throw new DomainError('notFound', 'no such member')
        return schema.memberOf(principal.environment, member)
      },
    )
    app.patch(
      `${base}/:id`,
      {
        schema: {
          tags,
          summary: 'Set own permissions and the Stripe customer',
          params: ById,
          body: schema.MemberChange,
          response: { 200: schema.Member },
        },
      },
      async request => {
        const { app: tenant, id } = request.params
        const principal = memberPrincipalOf(request, tenant, id)
        return schema.memberOf(principal.environment, await members.set(ctx, principal, id, request.body))
      },
    )
    app.post(
      `${base}/:id/restore`,
      {
        schema: {
          tags,
          summary: 'Take a deletion back',
          description: 'The member as it was. Its tokens stay ended.',
          params: ById,
          response: { 200: schema.Member },
        },
      },
      async request => {
        const principal = memberPrincipalOf(request, request.params.app, request.params.id)
        return schema.memberOf(principal.environment, await removal.restore(ctx, principal, request.params.id))
      },
    )
    app.put(
      `${base}/:id/plans/:plan`,
      {
        schema: {
          tags,
          summary: 'Give a member any plan, or set its state',
          description: 'As a payment would: there is no billing here.',
          params: ByPlan,
          body: schema.PlanState,
          response: { 200: schema.Member },
        },
      },
      async request => {
        const { app: tenant, id, plan } = request.params
        const principal = memberPrincipalOf(request, tenant, id)
        const updated = await memberPlans.set(ctx, principal, id, plan, request.body)
        return schema.memberOf(principal.environment, updated)
      },
    )
    app.delete(
      `${base}/:id/plans/:plan`,
      {
        schema: { tags, summary: 'Take any plan away', params: ByPlan, response: { 200: schema.Member } },
      },
      async (request): Promise<Static<typeof schema.Member>> => {
        const { app: tenant, id, plan } = request.params
        const principal = memberPrincipalOf(request, tenant, id)
        return schema.memberOf(principal.environment, await memberPlans.remove(ctx, principal, id, plan))
      },
    )
  }
}
