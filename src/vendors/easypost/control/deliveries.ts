import type { FastifyPluginAsync } from 'fastify'
import type { Context } from '../../../platform/context.ts'
import * as shared from '../../../platform/events/delivery-routes.ts'
import * as parents from '../parents.ts'
import { tenantOf } from './principal.ts'

/** What was sent to a parent's webhooks, and how it went. The webhooks themselves are the wire's affair. */
export function deliveryRoutes(ctx: Context): FastifyPluginAsync {
  return shared.deliveryRoutes(ctx, {
    base: '/parents/:parent',
    parameter: 'parent',
    principalOf: async (request, parent) => tenantOf(request, (await parents.get(ctx, parent)).user.id),
  })
}
