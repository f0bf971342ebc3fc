// AfterShip's part of the control API, under /understudy/v1/aftership: what AfterShip's clients never see. Errors and
// authentication are the control API's own.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Context, Principal } from '../../platform/context.ts'
import { keyOf } from '../../platform/credentials/wire.ts'
import { DomainError } from '../../platform/errors.ts'
import * as endpoints from '../../platform/events/endpoints.ts'
import { ListQuery, listOf, listReply, pageQuery } from '../../platform/web/list-query.ts'
import * as accounts from './accounts.ts'
import * as apps from './apps.ts'
import * as schema from './control.schema.ts'
import { membershipOf } from './control.schema.ts'
import * as keys from './keys.ts'
import * as memberships from './memberships.ts'
import * as organizations from './organizations.ts'
import * as roleStore from './roles.store.ts'
import * as roles from './roles.ts'

const List = Type.Object(ListQuery)
const Org = Type.Object({ organization: Type.String() })
const OrgId = Type.Object({ organization: Type.String(), id: Type.String() })
const ById = Type.Object({ id: Type.String() })
const Empty = Type.Null({ description: 'No content.' })

export function controlApi(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    await app.register(organizationRoutes(ctx))
    await app.register(roleRoutes(ctx))
    await app.register(membershipRoutes(ctx))
    await app.register(webhookRoutes(ctx))
    await app.register(accountRoutes(ctx))
    await app.register(appRoutes(ctx))
  }
}

function organizationRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Organizations']
    app.get(
      '/organizations',
      {
        schema: {
          tags,
          summary: 'List organizations',
          querystring: List,
          response: { 200: listOf(schema.Organization) },
        },
      },
      async request => listReply(await organizations.list(ctx, pageQuery(request.query)), item => item),
    )
    app.post(
      '/organizations',
      {
        schema: {
          tags,
          summary: 'Create an organization',
          body: schema.NewOrganization,
          response: { 201: schema.Organization },
        },
      },
      async (request, reply) =>
        reply.code(201).send(await organizations.create(ctx, operatorOf(request), request.body)),
    )
    app.get(
      '/organizations/:organization',
      { schema: { tags, summary: 'Read an organization', params: Org, response: { 200: schema.Organization } } },
      async request => organizations.get(ctx, request.params.organization),
    )
    app.patch(
      '/organizations/:organization',
      {
        schema: {
          tags,
          summary: 'Change settings',
          params: Org,
          body: schema.OrganizationChange,
          response: { 200: schema.Organization },
        },
      },
      async request => organizations.update(ctx, operatorOf(request), request.params.organization, request.body),
    )
    app.post(
      '/organizations/:organization/keys',
      {
        config: { controlScope: 'admin' },
        schema: {
          tags,
          summary: 'Make an API key',
          description: 'The key is shown in this answer and never again. All other calls on keys are under /keys.',
          params: Org,
          body: schema.NewKey,
          response: { 201: schema.MadeKey },
        },
      },
      async (request, reply) => {
        const made = await keys.create(ctx, tenantOf(request, request.params.organization), request.body)
        return reply.code(201).send({
          key: keyOf(made.credential),
          apiKey: made.key,
          ...(made.secret === undefined ? {} : { apiSecret: made.secret }),
        })
      },
    )
  }
}

function roleRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Roles']
    const ByCode = Type.Object({ organization: Type.String(), code: Type.String() })
    app.get(
      '/organizations/:organization/roles',
      { schema: { tags, summary: 'List roles', params: Org, response: { 200: listOf(schema.Role) } } },
      async request => {
        const { id } = await organizations.get(ctx, request.params.organization)
        return { data: await roleStore.list(ctx, id), next: null }
      },
    )
    app.post(
      '/organizations/:organization/roles',
      {
        schema: {
          tags,
          summary: 'Make a custom role',
          params: Org,
          body: schema.NewRole,
          response: { 201: schema.Role },
        },
      },
      async (request, reply) => {
        const { id } = await organizations.get(ctx, request.params.organization)
        return reply.code(201).send(await roles.create(ctx, tenantOf(request, id), request.body))
      },
    )
    app.patch(
      '/organizations/:organization/roles/:code',
      {
        schema: {
          tags,
          summary: 'Rename a role',
          params: ByCode,
          body: schema.RoleChange,
          response: { 200: schema.Role },
        },
      },
      async request => {
        const { organization, code } = request.params
        return roles.rename(ctx, tenantOf(request, organization), code, request.body.name)
      },
    )
    app.delete(
      '/organizations/:organization/roles/:code',
      { schema: { tags, summary: 'Remove a role that nobody has', params: ByCode, response: { 204: Empty } } },
      async (request, reply) => {
        await roles.remove(ctx, tenantOf(request, request.params.organization), request.params.code)
        return reply.code(204).send(null)
      },
    )
  }
}

function membershipRoutes(ctx: Context): FastifyPluginAsyncTypebox {
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
        const filter = { after: positionOf(after), ...statusFilter(request.query.status) }
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
      { schema: { tags, summary: 'Remove anyone, an owner too', params: OrgId, response: { 204: Empty } } },
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
      { schema: { tags, summary: 'Mail a new link; the old one ends', params: OrgId, response: { 204: Empty } } },
      async (request, reply) => {
        const { organization, id } = request.params
        await memberships.resendInvitation(ctx, tenantOf(request, organization), id)
        return reply.code(204).send(null)
      },
    )
  }
}

function webhookRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Webhooks']
    const base = '/organizations/:organization/webhooks'
    app.get(
      base,
      { schema: { tags, summary: 'List webhook endpoints', params: Org, response: { 200: listOf(schema.Webhook) } } },
      async request => {
        const { id } = await organizations.get(ctx, request.params.organization)
        return { data: await endpoints.list(ctx, tenantOf(request, id)), next: null }
      },
    )
    app.post(
      base,
      {
        schema: {
          tags,
          summary: 'Register a webhook endpoint',
          params: Org,
          body: schema.NewWebhook,
          response: { 201: schema.Webhook },
        },
      },
      async (request, reply) => {
        const { id } = await organizations.get(ctx, request.params.organization)
        const principal = tenantOf(request, id)
        if (request.body.events?.some(name => name.startsWith('membership.'))) {
          ctx.traps('no-membership-webhooks', { vendor: 'aftership', tenant: id, requestId: request.id })
        }
        return reply.code(201).send(await endpoints.register(ctx, principal, request.body))
      },
    )
    app.delete(
      `${base}/:id`,
      { schema: { tags, summary: 'Remove a webhook endpoint', params: OrgId, response: { 204: Empty } } },
      async (request, reply) => {
        await endpoints.remove(ctx, tenantOf(request, request.params.organization), request.params.id)
        return reply.code(204).send(null)
      },
    )
  }
}

function accountRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Accounts']
    app.get(
      '/accounts',
      {
        schema: {
          tags,
          summary: 'List registered accounts, or the one with an email',
          querystring: Type.Object({ ...ListQuery, email: Type.Optional(Type.String()) }),
          response: { 200: listOf(schema.Account) },
        },
      },
      async request => listReply(await accounts.list(ctx, request.query.email, pageQuery(request.query)), item => item),
    )
    app.post(
      '/accounts',
      { schema: { tags, summary: 'Register an account', body: schema.NewAccount, response: { 201: schema.Account } } },
      async (request, reply) => reply.code(201).send(await accounts.create(ctx, operatorOf(request), request.body)),
    )
    app.get(
      '/accounts/:id',
      { schema: { tags, summary: 'Read an account', params: ById, response: { 200: schema.Account } } },
      async request => accounts.get(ctx, request.params.id),
    )
    app.patch(
      '/accounts/:id',
      {
        schema: {
          tags,
          summary: 'Say whether the email is verified',
          params: ById,
          body: schema.AccountChange,
          response: { 200: schema.Account },
        },
      },
      async request => accounts.update(ctx, operatorOf(request), request.params.id, request.body),
    )
  }
}

function appRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['OAuth apps']
    const config = { controlScope: 'admin' } as const
    app.get(
      '/apps',
      { schema: { tags, summary: 'List OAuth apps', querystring: List, response: { 200: listOf(schema.App) } } },
      async request => listReply(await apps.list(ctx, pageQuery(request.query)), item => item),
    )
    app.post(
      '/apps',
      {
        config,
        schema: { tags, summary: 'Register an OAuth app', body: schema.NewApp, response: { 201: schema.MadeApp } },
      },
      async (request, reply) => reply.code(201).send(await apps.create(ctx, operatorOf(request), request.body)),
    )
    app.get(
      '/apps/:id',
      { schema: { tags, summary: 'Read an OAuth app', params: ById, response: { 200: schema.App } } },
      async request => apps.get(ctx, request.params.id),
    )
    app.patch(
      '/apps/:id',
      {
        config,
        schema: {
          tags,
          summary: 'Change an OAuth app',
          description: 'Losing `partner` ends all its grants.',
          params: ById,
          body: schema.AppChange,
          response: { 200: schema.App },
        },
      },
      async request => apps.update(ctx, operatorOf(request), request.params.id, request.body),
    )
    app.post(
      '/apps/:id/rotate-secret',
      {
        config,
        schema: {
          tags,
          summary: 'Make a new client secret; the old one ends',
          params: ById,
          response: { 200: schema.MadeApp },
        },
      },
      async request => apps.rotateSecret(ctx, operatorOf(request), request.params.id),
    )
    app.delete(
      '/apps/:id',
      {
        config,
        schema: { tags, summary: 'Remove an OAuth app and end its grants', params: ById, response: { 204: Empty } },
      },
      async (request, reply) => {
        await apps.remove(ctx, operatorOf(request), request.params.id)
        return reply.code(204).send(null)
      },
    )
  }
}

function operatorOf(request: FastifyRequest): Principal {
  return { ...request.operator, vendor: 'aftership' }
}

function tenantOf(request: FastifyRequest, organization: string): Principal {
  return { ...operatorOf(request), tenant: organization }
}

function statusFilter(state: Static<typeof schema.MembershipState> | undefined) {
  return state === 'deleted' ? { deleted: true } : { deleted: false, status: state }
}

/** The cursor of a membership list is the last one's place in the organization. */
function positionOf(after: string | undefined): number {
  if (after === undefined) return -1
  if (!/^\d{1,15}$/.test(after)) {
    throw new DomainError('invalid', 'this is not a cursor', { issues: [{ path: 'after', problem: 'invalid' }] })
  }
  return Number(after)
}
