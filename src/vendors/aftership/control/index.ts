// AfterShip's part of the control API, under /understudy/v1/aftership: what AfterShip's clients never see. Errors and
// authentication are the control API's own.

import type { FastifyPluginAsync } from 'fastify'
import type { Context } from '../../../platform/context.ts'
import { accountRoutes } from './accounts.ts'
import { appRoutes } from './apps.ts'
import { deliveryRoutes } from './deliveries.ts'
import { grantRoutes } from './grants.ts'
import { membershipRoutes } from './memberships.ts'
import { organizationRoutes } from './organizations.ts'
import { roleRoutes } from './roles.ts'
import { webhookRoutes } from './webhooks.ts'

export function controlApi(ctx: Context): FastifyPluginAsync {
  return async app => {
    await app.register(organizationRoutes(ctx))
    await app.register(roleRoutes(ctx))
    await app.register(membershipRoutes(ctx))
    await app.register(webhookRoutes(ctx))
    await app.register(deliveryRoutes(ctx))
    await app.register(accountRoutes(ctx))
    await app.register(appRoutes(ctx))
    await app.register(grantRoutes(ctx))
  }
}
