import type { FastifyPluginAsync } from 'fastify'
import type { Context } from '../../../platform/context.ts'
import * as shared from '../../../platform/events/delivery-routes.ts'
import * as apps from '../apps.ts'
import { operatorOf } from './principal.ts'

/** What was sent to an app's webhooks, of both environments, and how it went. */
export function deliveryRoutes(ctx: Context): FastifyPluginAsync {
  return shared.deliveryRoutes(ctx, {
    base: '/apps/:app',
    parameter: 'app',
    principalOf: async (request, app) => ({ ...operatorOf(request), tenant: (await apps.get(ctx, app)).id }),
  })
}
