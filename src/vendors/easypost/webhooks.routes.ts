// Webhooks: contract sections 3 and 10.

import type { FastifyInstance } from 'fastify'
import type { Context } from '../../platform/context.ts'
import { route } from './route.ts'
import * as schema from './schema.ts'
import { report, reportPagingByNumber } from './traps.ts'
import * as webhooks from './webhooks.ts'

interface ById {
  Params: { id: string }
}

const anyMode = { tag: 'Webhooks', access: 'anyMode' } as const
const list = { ...anyMode, list: true } as const
const params = schema.ById

export function webhookRoutes(ctx: Context, app: FastifyInstance): void {
  app.post(
    '/webhooks',
    route('Register a webhook', anyMode, { body: schema.WebhookBody }, { 201: schema.Webhook }),
    async (request, reply) => {
      const { caller, parameters } = request.easypost
      const made = await webhooks.create(ctx, caller, parameters)
      report(ctx, request, 'polling-only')
      reply.code(201)
      return webhooks.webhookOf(made)
    },
  )
  app.get('/webhooks', route('List webhooks', list, {}, { 200: schema.WebhookListReply }), async request => {
    reportPagingByNumber(ctx, request)
    const found = await webhooks.list(ctx, request.easypost.caller)
    return { webhooks: found.map(webhooks.webhookOf) }
  })
  app.get<ById>('/webhooks/:id', route('Read a webhook', anyMode, { params }, { 200: schema.Webhook }), async request =>
    webhooks.webhookOf(await webhooks.get(ctx, request.easypost.caller, request.params.id)),
  )
  app.route<ById>({
    method: ['PUT', 'PATCH'],
    url: '/webhooks/:id',
    ...route('Change a webhook, and enable it', anyMode, { params, body: schema.WebhookBody }, { 201: schema.Webhook }),
    handler: async (request, reply) => {
      const { caller, parameters } = request.easypost
      const updated = await webhooks.update(ctx, caller, request.params.id, parameters)
      reply.code(201)
      return webhooks.webhookOf(updated)
    },
  })
  app.delete<ById>(
    '/webhooks/:id',
    route('Remove a webhook', anyMode, { params }, { 200: schema.EmptyObject }),
    async request => {
      await webhooks.remove(ctx, request.easypost.caller, request.params.id)
      return {}
    },
  )
}
