import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import * as attempts from '../../../platform/events/attempts.ts'
import * as deliveries from '../../../platform/events/deliveries.ts'
import { Attempt, attemptOf, Delivery, DeliveryStatus, DeliveryWithBody } from '../../../platform/events/wire.ts'
import { ListQuery, listOf, listReply, pageQuery } from '../../../platform/web/list-query.ts'
import * as organizations from '../organizations.ts'
import { tenantOf } from './principal.ts'

const Org = Type.Object({ organization: Type.String() })
const OrgId = Type.Object({ organization: Type.String(), id: Type.String() })
const Filter = {
  endpoint: Type.Optional(Type.String({ description: 'The id of a webhook endpoint.' })),
  event: Type.Optional(Type.String({ description: 'The id of an event.' })),
  status: Type.Optional(DeliveryStatus),
}

/** What was sent to an organization's webhooks, and how it went. */
export function deliveryRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Webhooks']
    const base = '/organizations/:organization/deliveries'
    app.get(
      base,
      {
        schema: {
          tags,
          summary: 'List webhook deliveries, newest first',
          params: Org,
          querystring: Type.Object({ ...ListQuery, ...Filter }),
          response: { 200: listOf(Delivery) },
        },
      },
      async request => {
        const { id } = await organizations.get(ctx, request.params.organization)
        const { endpoint, event, status } = request.query
        const filter = { endpointId: endpoint, eventId: event, status }
        const found = await deliveries.list(ctx, tenantOf(request, id), filter, pageQuery(request.query))
        return listReply(found, item => item)
      },
    )
    app.get(
      `${base}/:id`,
      {
        schema: { tags, summary: 'Read a delivery with its body', params: OrgId, response: { 200: DeliveryWithBody } },
      },
      async request => {
        const { organization, id } = request.params
        return deliveries.get(ctx, tenantOf(request, organization), id)
      },
    )
    app.get(
      `${base}/:id/attempts`,
      {
        schema: {
          tags,
          summary: 'List the attempts of a delivery, oldest first',
          description: 'Credentials and custom headers read `***`.',
          params: OrgId,
          querystring: Type.Object(ListQuery),
          response: { 200: listOf(Attempt) },
        },
      },
      async request => {
        const { organization, id } = request.params
        const principal = tenantOf(request, organization)
        const { id: deliveryId } = await deliveries.get(ctx, principal, id)
        return listReply(await attempts.list(ctx, principal, { deliveryId }, pageQuery(request.query)), attemptOf)
      },
    )
    app.post(
      `${base}/:id/resend`,
      {
        schema: {
          tags,
          summary: 'Send a delivery again',
          description: 'The same message, with a fresh series of attempts, whatever became of it.',
          params: OrgId,
          response: { 200: Delivery },
        },
      },
      async request => {
        const { organization, id } = request.params
        return deliveries.resend(ctx, tenantOf(request, organization), id)
      },
    )
  }
}
