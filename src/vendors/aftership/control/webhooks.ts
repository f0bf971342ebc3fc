import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import * as endpoints from '../../../platform/events/endpoints.ts'
import { Webhook, webhookOf } from '../../../platform/events/wire.ts'
import { listOf } from '../../../platform/web/list-query.ts'
import * as organizations from '../organizations.ts'
import * as webhooks from '../webhooks.ts'
import { tenantOf } from './principal.ts'
import { Empty, NewWebhook, WebhookChange } from './schema.ts'

const Org = Type.Object({ organization: Type.String() })
const OrgId = Type.Object({ organization: Type.String(), id: Type.String() })

/** Where an organization's events are sent. What was sent, and how it went: deliveries.ts. */
export function webhookRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Webhooks']
    const base = '/organizations/:organization/webhooks'
    app.get(
      base,
      { schema: { tags, summary: 'List webhook endpoints', params: Org, response: { 200: listOf(Webhook) } } },
      async request => {
        const { id } = await organizations.get(ctx, request.params.organization)
        const found = await endpoints.list(ctx, tenantOf(request, id))
        return { data: found.map(webhookOf), next: null }
      },
    )
    app.post(
      base,
      {
        schema: {
          tags,
          summary: 'Register a webhook endpoint',
          description: 'The secret is never shown again.',
          params: Org,
          body: NewWebhook,
          response: { 201: Webhook },
        },
      },
      async (request, reply) => {
        const { id } = await organizations.get(ctx, request.params.organization)
        return reply.code(201).send(webhookOf(await webhooks.register(ctx, tenantOf(request, id), request.body)))
      },
    )
    app.get(
      `${base}/:id`,
      { schema: { tags, summary: 'Read a webhook endpoint', params: OrgId, response: { 200: Webhook } } },
      async request => {
        const { organization, id } = request.params
        return webhookOf(await endpoints.get(ctx, tenantOf(request, organization), id))
      },
    )
    app.patch(
      `${base}/:id`,
      {
        schema: {
          tags,
          summary: 'Change a webhook endpoint and enable it',
          description: 'What is left out stays. A disabled endpoint gets what waited for it.',
          params: OrgId,
          body: WebhookChange,
          response: { 200: Webhook },
        },
      },
      async request => {
        const { organization, id } = request.params
        return webhookOf(await webhooks.update(ctx, tenantOf(request, organization), id, request.body))
      },
    )
    app.post(
      `${base}/:id/disable`,
      {
        schema: {
          tags,
          summary: 'Disable a webhook endpoint',
          description: 'Deliveries wait until it is changed, even by an empty change.',
          params: OrgId,
          response: { 200: Webhook },
        },
      },
      async request => {
        const { organization, id } = request.params
        return webhookOf(await endpoints.disable(ctx, tenantOf(request, organization), id))
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
