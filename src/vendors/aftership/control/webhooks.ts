import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import * as endpoints from '../../../platform/events/endpoints.ts'
import { listOf } from '../../../platform/web/list-query.ts'
import * as organizations from '../organizations.ts'
import { tenantOf } from './principal.ts'
import * as schema from './schema.ts'

const Org = Type.Object({ organization: Type.String() })
const OrgId = Type.Object({ organization: Type.String(), id: Type.String() })

export function webhookRoutes(ctx: Context): FastifyPluginAsyncTypebox {
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
      { schema: { tags, summary: 'Remove a webhook endpoint', params: OrgId, response: { 204: schema.Empty } } },
      async (request, reply) => {
        await endpoints.remove(ctx, tenantOf(request, request.params.organization), request.params.id)
        return reply.code(204).send(null)
      },
    )
  }
}
