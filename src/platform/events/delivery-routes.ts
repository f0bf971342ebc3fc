// What was sent to a tenant's webhooks, and how it went: the part of a vendor's control API that is the same for all.

import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Context, Principal } from '../context.ts'
import { ListQuery, listOf, listReply, pageQuery } from '../web/list-query.ts'
import * as attempts from './attempts.ts'
import * as deliveries from './deliveries.ts'
import { Attempt, attemptOf, Delivery, DeliveryStatus, DeliveryWithBody } from './wire.ts'

const List = Type.Object(ListQuery)
const FilteredList = Type.Object({
  ...ListQuery,
  endpoint: Type.Optional(Type.String({ description: 'The id of a webhook endpoint.' })),
  event: Type.Optional(Type.String({ description: 'The id of an event.' })),
  status: Type.Optional(DeliveryStatus),
})

interface OfTenant {
  Querystring: Static<typeof FilteredList>
}
interface OfDelivery {
  Params: { id: string }
  Querystring: Static<typeof List>
}

/**
 * Routes under `<base>/deliveries`. `parameter` is the one in `base` that names the tenant; `principalOf` acts for it,
 * and throws `notFound` where there is no such tenant.
 */
export function deliveryRoutes(
  ctx: Context,
  {
    base,
    parameter,
    principalOf,
  }: {
    base: string
    parameter: string
    principalOf(request: FastifyRequest, tenant: string): Promise<Principal>
  },
): FastifyPluginAsync {
  const principal = (request: FastifyRequest) =>
    principalOf(request, (request.params as Record<string, string>)[parameter] ?? '')
  const tags = ['Webhooks']
  const tenant = { [parameter]: Type.String() }
  const params = Type.Object({ ...tenant, id: Type.String() })
  return async app => {
    app.get<OfTenant>(
      `${base}/deliveries`,
      {
        schema: {
          tags,
          summary: 'List webhook deliveries, newest first',
          params: Type.Object(tenant),
          querystring: FilteredList,
          response: { 200: listOf(Delivery) },
        },
      },
      async request => {
        const { endpoint, event, status } = request.query
        const filter = { endpointId: endpoint, eventId: event, status }
        return listReply(
          await deliveries.list(ctx, await principal(request), filter, pageQuery(request.query)),
          item => item,
        )
      },
    )
    app.get<OfDelivery>(
      `${base}/deliveries/:id`,
      { schema: { tags, summary: 'Read a delivery with its body', params, response: { 200: DeliveryWithBody } } },
      async request => deliveries.get(ctx, await principal(request), request.params.id),
    )
    app.get<OfDelivery>(
      `${base}/deliveries/:id/attempts`,
      {
        schema: {
          tags,
          summary: 'List the attempts of a delivery, oldest first',
          description: 'Credentials and custom headers read `***`.',
          params,
          querystring: List,
          response: { 200: listOf(Attempt) },
        },
      },
      async request => {
        const actor = await principal(request)
        const { id: deliveryId } = await deliveries.get(ctx, actor, request.params.id)
        return listReply(await attempts.list(ctx, actor, { deliveryId }, pageQuery(request.query)), attemptOf)
      },
    )
    app.post<OfDelivery>(
      `${base}/deliveries/:id/resend`,
      {
        schema: {
          tags,
          summary: 'Send a delivery again',
          description: 'The same message, with a fresh series of attempts, whatever became of it.',
          params,
          response: { 200: Delivery },
        },
      },
      async request => deliveries.resend(ctx, await principal(request), request.params.id),
    )
  }
}
