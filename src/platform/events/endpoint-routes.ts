// Where a tenant's events are sent: the part of a vendor's control API that is the same for all. To register and to change
// an endpoint is each vendor's own: they differ in what an endpoint has.

import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { type TObject, Type } from 'typebox'
import type { Context, Principal } from '../context.ts'
import { listOf } from '../web/list-query.ts'
import type { WebhookEndpoint } from './dialect.ts'
import * as endpoints from './endpoints.ts'

interface ById {
  Params: { id: string }
}

/**
 * Routes under `<base>/webhooks`. `parameter` is the one in `base` that names the tenant; `principalOf` acts for it, and
 * throws `notFound` where there is no such tenant. `Webhook` and `webhookOf` say how an endpoint is shown.
 */
export function endpointRoutes(
  ctx: Context,
  {
    base,
    parameter,
    principalOf,
    Webhook,
    webhookOf,
  }: {
    base: string
    parameter: string
    principalOf(request: FastifyRequest, tenant: string): Promise<Principal>
    Webhook: TObject
    webhookOf(endpoint: WebhookEndpoint): object
  },
): FastifyPluginAsync {
  const principal = (request: FastifyRequest) =>
    principalOf(request, (request.params as Record<string, string>)[parameter] ?? '')
  const tags = ['Webhooks']
  const tenant = { [parameter]: Type.String() }
  const params = Type.Object({ ...tenant, id: Type.String() })
  return async app => {
    app.get(
      `${base}/webhooks`,
      {
        schema: {
          tags,
          summary: 'List webhook endpoints',
          params: Type.Object(tenant),
          response: { 200: listOf(Webhook) },
        },
      },
      async request => {
        const found = await endpoints.list(ctx, await principal(request))
        return { data: found.map(webhookOf), next: null }
      },
    )
    app.get<ById>(
      `${base}/webhooks/:id`,
      { schema: { tags, summary: 'Read a webhook endpoint', params, response: { 200: Webhook } } },
      async request => webhookOf(await endpoints.get(ctx, await principal(request), request.params.id)),
    )
    app.post<ById>(
      `${base}/webhooks/:id/disable`,
      {
        schema: {
          tags,
          summary: 'Disable a webhook endpoint',
          description: 'Deliveries wait until it is changed, even by an empty change.',
          params,
          response: { 200: Webhook },
        },
      },
      async request => webhookOf(await endpoints.disable(ctx, await principal(request), request.params.id)),
    )
    app.delete<ById>(
      `${base}/webhooks/:id`,
      {
        schema: {
          tags,
          summary: 'Remove a webhook endpoint',
          params,
          response: { 204: Type.Null({ description: 'No content.' }) },
        },
      },
      async (request, reply) => {
        await endpoints.remove(ctx, await principal(request), request.params.id)
        return reply.code(204).send(null)
      },
    )
  }
}
