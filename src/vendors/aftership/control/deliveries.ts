import type { FastifyPluginAsync } from 'fastify'
import type { Context } from '../../../platform/context.ts'
import * as shared from '../../../platform/events/delivery-routes.ts'
import * as organizations from '../organizations.ts'
import { tenantOf } from './principal.ts'

/** What was sent to an organization's webhooks, and how it went. */
export function deliveryRoutes(ctx: Context): FastifyPluginAsync {
  return shared.deliveryRoutes(ctx, {
    base: '/organizations/:organization',
    parameter: 'organization',
    principalOf: async (request, organization) => tenantOf(request, (await organizations.get(ctx, organization)).id),
  })
}
