import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import { endpointRoutes } from '../../../platform/events/endpoint-routes.ts'
import { Webhook, webhookOf } from '../../../platform/events/wire.ts'
import * as organizations from '../organizations.ts'
import * as webhooks from '../webhooks.ts'
import { tenantOf } from './principal.ts'
import { NewWebhook, WebhookChange } from './schema.ts'

const Org = Type.Object({ organization: Type.String() })
const OrgId = Type.Object({ organization: Type.String(), id: Type.String() })

/** Where an organization's events are sent. What was sent, and how it went: deliveries.ts. */
export function webhookRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Webhooks']
    const base = '/organizations/:organization/webhooks'
    await app.register(
      endpointRoutes(ctx, {
        base: '/organizations/:organization',
        parameter: 'organization',
        principalOf: async (request, organization) =>
          tenantOf(request, (await organizations.get(ctx, organization)).id),
        Webhook,
        webhookOf,
      }),
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
  }
}
