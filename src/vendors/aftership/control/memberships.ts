import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import { numberOf } from '../../../platform/db/keyset.ts'
import { ListQuery, listOf, listReply, pageQuery } from '../../../platform/web/list-query.ts'
import * as memberships from '../memberships.ts'
import * as organizations from '../organizations.ts'
import { tenantOf } from './principal.ts'
import * as schema from './schema.ts'
import { membershipOf } from './schema.ts'

/** Positions start at 0. */
const BEFORE_FIRST = -1

const Org = Type.Object({ organization: Type.String() })
const OrgId = Type.Object({ organization: Type.String(), id: Type.String() })

export function membershipRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Memberships']
    const base = '/organizations/:organization/memberships'
    app.get(
      base,
      {
        schema: {
          tags,
          summary: 'List memberships with their status',
          description: '`status=deleted` lists those that can still be restored.',
          params: Org,
          querystring: Type.Object({ ...ListQuery, status: Type.Optional(schema.MembershipState) }),
          response: { 200: listOf(schema.Membership) },
        },
      },
      async request => {
        const { id } = await organizations.get(ctx, request.params.organization)
        const { limit, after } = pageQuery(request.query)
        const filter = { after: numberOf(after, BEFORE_FIRST), ...statusFilter(request.query.status) }
        return listReply(await memberships.listAfter(ctx, tenantOf(request, id), filter, limit), membershipOf)
      },
    )
    app.post(
      base,
      {
        schema: {
          tags,
          summary: 'Create a membership',
          description: 'May appoint an owner, pin the id and set the status.',
          params: Org,
          body: schema.NewMembership,
          response: { 201: schema.Membership },
        },
      },
      async (request, reply) => {
        const { id } = await organizations.get(ctx, request.params.organization)
        const { role, ...input } = request.body
        const made = await memberships.invite(ctx, tenantOf(request, id), { ...input, roleCode: role })
        return reply.code(201).send(membershipOf(made))
      },
    )
    app.get(
      `${base}/:id`,
      { schema: { tags, summary: 'Read a membership', params: OrgId, response: { 200: schema.Membership } } },
      async request =>
        membershipOf(await memberships.get(ctx, tenantOf(request, request.params.organization), request.params.id)),
    )
    app.patch(
      `${base}/:id`,
      {
        schema: {
          tags,
          summary: "Change anyone's role, an owner's too",
          params: OrgId,
          body: schema.MembershipChange,
          response: { 200: schema.Membership },
        },
      },
      async request => {
        const { organization, id } = request.params
        return membershipOf(await memberships.setRole(ctx, tenantOf(request, organization), id, request.body.role))
      },
    )
    app.delete(
      `${base}/:id`,
      { schema: { tags, summary: 'Remove anyone, an owner too', params: OrgId, response: { 204: schema.Empty } } },
      async (request, reply) => {
        await memberships.remove(ctx, tenantOf(request, request.params.organization), request.params.id)
        return reply.code(204).send(null)
      },
    )
    app.post(
      `${base}/:id/restore`,
      {
        schema: {
          tags,
          summary: 'Take a removal back, with the keys and grants it ended',
          params: OrgId,
          response: { 200: schema.Membership },
        },
      },
      async request =>
        membershipOf(await memberships.restore(ctx, tenantOf(request, request.params.organization), request.params.id)),
    )
    app.post(
      `${base}/:id/resend-invitation`,
      {
        schema: { tags, summary: 'Mail a new link; the old one ends', params: OrgId, response: { 204: schema.Empty } },
      },
      async (request, reply) => {
        const { organization, id } = request.params
        await memberships.resendInvitation(ctx, tenantOf(request, organization), id)
        return reply.code(204).send(null)
      },
    )
  }
}

function statusFilter(state: Static<typeof schema.MembershipState> | undefined) {
  return state === 'deleted' ? { deleted: true } : { deleted: false, status: state }
}
